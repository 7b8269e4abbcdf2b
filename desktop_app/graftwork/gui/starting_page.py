"""What the window shows until the plugins are loaded: the Data page as it will be, at rest."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPaintEvent

from .data.welcome import NOTHING_OPEN, welcome
from .parts.page import Page


class StartingPage(Page):
    """Looks as the empty Data page, so that nothing jumps when that takes its place.

    ``painted`` tells that the window is on the screen.
    """

    painted = Signal()

    def __init__(self) -> None:
        super().__init__("Data", NOTHING_OPEN)
        self.body.addWidget(welcome(None))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint, and say so."""
        super().paintEvent(event)
        self.painted.emit()
