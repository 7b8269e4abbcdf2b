"""What a page without data shows: a picture, a sentence, and the buttons that lead on."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton

from .boxes import GRID, column, row
from .picture import Picture
from .text import label

_WIDE, _NARROW = 480, 288
_USUAL_HEIGHT = 16  # of a line of text, for which these widths are right


class EmptyState(QFrame):
    """A page, or a ``narrow`` part of one, that has nothing to show yet."""

    def __init__(
        self,
        picture: str,
        heading: str,
        sentence: str,
        buttons: Sequence[QPushButton] = (),
        *,
        narrow: bool = False,
    ) -> None:
        super().__init__()
        self.setObjectName("card")
        image = Picture(picture, attrgetter("accent"), 7 * GRID)
        texts = [label(heading, "heading"), label(sentence, "muted", wrap=True)]
        for each in (image, *texts):
            each.setAlignment(Qt.AlignmentFlag.AlignCenter)
        least = _NARROW if narrow else _WIDE
        texts[1].setMinimumWidth(least)
        texts[1].setMaximumWidth(max(least, least * self.fontMetrics().height() // _USUAL_HEIGHT))
        middle = row(None, texts[1], None)
        middle.setStretch(1, 1_000)  # as wide as it may be
        choices = row(None, column(*buttons) if narrow else row(*buttons), None)
        parts = (None, image, GRID, texts[0], middle, GRID, choices, None)
        self.setLayout(column(*parts, margin=3 * GRID))


class DropArea(EmptyState):
    """One that files can be dropped on, and looks so. Whoever holds it takes the drop."""

    def __init__(
        self,
        picture: str,
        heading: str,
        sentence: str,
        buttons: Sequence[QPushButton],
        *,
        narrow: bool = False,
    ) -> None:
        super().__init__(picture, heading, sentence, buttons, narrow=narrow)
        self.setObjectName("drop")

    def set_hot(self, hot: bool) -> None:
        """Show that what is dragged now may be dropped."""
        self.setProperty("hot", hot)
        self.style().unpolish(self)
        self.style().polish(self)
