"""What the window shows until the plugins are loaded: the Data page as it will be, at rest."""

from __future__ import annotations

from .data.page import NOTHING_OPEN, welcome
from .parts.page import Page


class StartingPage(Page):
    """Looks as the empty Data page, so that nothing jumps when that takes its place."""

    def __init__(self) -> None:
        super().__init__("Data", NOTHING_OPEN)
        self.body.addWidget(welcome(None))
