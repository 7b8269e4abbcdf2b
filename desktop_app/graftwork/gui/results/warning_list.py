"""What a run warned of, beside the figures that it casts doubt on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from graftwork.engine.events import Notice
from graftwork.gui.parts.banner import Banner
from graftwork.gui.parts.boxes import GRID, clear, column


class WarningList(QWidget):
    """A banner for each warning; no room where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._column = column(gap=GRID)
        self.setLayout(self._column)
        self.hide()

    def show_notices(self, notices: Sequence[Notice]) -> None:
        """Show the warnings among these, each once."""
        clear(self._column)
        texts = dict.fromkeys(notice.text for notice in notices if notice.level == "warning")
        for text in texts:
            self._column.addWidget(Banner(text, "warning"))
        self.setVisible(bool(texts))
