"""A stack of forms that is as high as the one that is shown."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from .boxes import column


class FittingStack(QWidget):
    """Unlike ``QStackedWidget``, it does not reserve the room of its largest page."""

    def __init__(self) -> None:
        super().__init__()
        self._pages: list[QWidget] = []
        self._column = column(gap=0)
        self.setLayout(self._column)

    def add(self, page: QWidget) -> None:
        """Add a page, which is not shown yet."""
        self._pages.append(page)
        self._column.addWidget(page)
        page.hide()

    def show_page(self, shown: QWidget) -> None:
        """Show this page and no other."""
        for page in self._pages:
            page.setVisible(page is shown)
