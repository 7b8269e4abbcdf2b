"""What all pages share: a title with a line below it, buttons, and a place for failures."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from .banner import FailureBanner
from .boxes import GRID, Part, column
from .page_head import PageHead
from .text import ElidedLabel, label


class Page(QWidget):
    """A page of the window; ``self.body`` is where its own things go."""

    def __init__(self, title: str, subtitle: str, *buttons: Part) -> None:
        super().__init__()
        self.title = label(title, "title")
        self.subtitle = ElidedLabel(subtitle)
        self.failure = FailureBanner()
        self.body = column(gap=2 * GRID)
        head = PageHead(self.title, self.subtitle, *buttons)
        layout = column(head, self.failure, self.body, gap=2 * GRID, margin=3 * GRID)
        layout.setStretch(2, 1)
        self.setLayout(layout)
