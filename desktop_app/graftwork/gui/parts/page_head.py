"""The head of a page: its title and a line below that, and its buttons beside or below them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QWidget

from .boxes import GRID, Part, column, row

_BESIDE, _BELOW = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom


class PageHead(QWidget):
    """The buttons stand below the title where both have no room side by side."""

    def __init__(self, title: QLabel, subtitle: QLabel, *buttons: Part) -> None:
        super().__init__()
        self._title = title
        self._buttons = row(None, *buttons)
        self._parts = row(column(title, subtitle, gap=2), self._buttons)
        self._parts.setStretch(0, 1)
        self.setLayout(self._parts)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As narrow as the wider of both."""
        widest = max(self._title.sizeHint().width(), self._buttons.minimumSize().width())
        return QSize(widest, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the width."""
        super().resizeEvent(event)
        self._arrange()

    def event(self, event: QEvent) -> bool:
        """Follow what comes, goes, or takes another font or text."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return done

    def _arrange(self) -> None:
        both = self._title.sizeHint().width() + GRID + self._buttons.minimumSize().width()
        self._parts.setDirection(_BESIDE if both <= self.width() else _BELOW)
