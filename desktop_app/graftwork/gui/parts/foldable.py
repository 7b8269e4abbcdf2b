"""A heading that opens and closes what stands under it."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from graftwork.gui.icons import icon

from .boxes import column, row


class Foldable(QWidget):
    """Closed at first; the heading is a button, beside which ``beside`` stands while it is open."""

    toggled = Signal(bool)

    def __init__(self, heading: str, content: QWidget, beside: QWidget | None = None) -> None:
        super().__init__()
        self._heading = heading
        self._content = content
        self._beside = beside
        self._button = QPushButton(heading)
        self._button.setProperty("kind", "quiet")
        self._button.setCheckable(True)
        self._button.toggled.connect(self._fold)
        self._filler = QWidget()  # keeps the button at the left where nothing is beside it
        head = row(self._button, *([beside] if beside else []))
        head.addWidget(self._filler, 1)
        self.setLayout(column(head, content, gap=4))
        self._fold(False)
        self._button.toggled.connect(self.toggled)

    @property
    def is_open(self) -> bool:
        """Whether the content is there to be seen."""
        return self._button.isChecked()

    def open(self) -> None:
        """Show the content, as a click on the heading does."""
        self._button.setChecked(True)

    def show_wrong(self, wrong: str) -> None:
        """Say beside the heading what is wrong under it, or nothing."""
        self._button.setText(f"{self._heading}  ·  {wrong}" if wrong else self._heading)
        self._button.setProperty("wrong", bool(wrong))
        self.style().unpolish(self._button)
        self.style().polish(self._button)

    @Slot(bool)
    def _fold(self, is_open: bool) -> None:
        self._content.setVisible(is_open)
        if self._beside is not None:
            self._beside.setVisible(is_open)
            self._filler.setVisible(not is_open)
        self._button.setIcon(icon("chevron-down" if is_open else "chevron-right"))
        self._button.setAccessibleDescription("open" if is_open else "closed")
