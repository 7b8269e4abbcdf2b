"""A heading that opens and closes what stands under it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPushButton, QWidget

from graftwork.gui.icons import icon

from .boxes import column


class Foldable(QWidget):
    """Closed at first; the heading is a button."""

    def __init__(self, heading: str, content: QWidget) -> None:
        super().__init__()
        self._content = content
        self._button = QPushButton(heading)
        self._button.setProperty("kind", "quiet")
        self._button.setCheckable(True)
        self._button.toggled.connect(self._fold)
        layout = column(self._button, content, gap=4)
        self.setLayout(layout)
        self._fold(False)

    @Slot(bool)
    def _fold(self, is_open: bool) -> None:
        self._content.setVisible(is_open)
        self._button.setIcon(icon("chevron-down" if is_open else "chevron-right"))
        self._button.setAccessibleDescription("open" if is_open else "closed")
