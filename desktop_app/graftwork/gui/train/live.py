"""A run at work: its progress, its charts, and what it has to say."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from graftwork.engine.history import RunHistory
from graftwork.gui.parts.boxes import Card, column

from .board import ChartBoard
from .notices import NoticeList
from .progress_card import ProgressCard
from .summary import Standing


class LiveView(QWidget):
    """Reads the history again and again; nothing is pushed to it."""

    def __init__(self, history: Callable[[], RunHistory], standing: Callable[[], Standing]) -> None:
        super().__init__()
        self.progress = ProgressCard(history, standing)
        self.board = ChartBoard(history)
        self.notices = NoticeList(history)
        notices = Card("", self.notices, margin=6)
        notices.setFixedHeight(96)
        layout = column(self.progress, self.board, notices, gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)
