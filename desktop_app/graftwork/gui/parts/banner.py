"""A coloured strip with a sentence for the user, and details for whoever helps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPlainTextEdit

from graftwork.gui.colors import Colors
from graftwork.gui.worker import Failure

from .boxes import column, row
from .buttons import button, copy_button
from .picture import Picture
from .text import label

Level = Literal["info", "warning", "error", "check"]


_COLORS: Mapping[Level, Callable[[Colors], str]] = {
    "info": attrgetter("muted"),
    "warning": attrgetter("warning"),
    "error": attrgetter("danger"),
    "check": attrgetter("accent"),
}


class Banner(QFrame):
    """A sentence, with a picture of how serious it is."""

    def __init__(self, text: str = "", level: Level = "info") -> None:
        super().__init__()
        self.setObjectName("banner")
        self._picture = Picture(level, _COLORS[level], 18)
        self._picture.setFixedWidth(20)
        self._text = label(wrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = row(self._picture, self._text)
        line.setAlignment(self._picture, Qt.AlignmentFlag.AlignTop)
        line.setStretch(1, 1)
        self.body = column(line, margin=10)
        self.setLayout(self.body)
        self.show_text(text, level)

    @property
    def text(self) -> str:
        """The sentence that is shown."""
        return self._text.text()

    def show_text(self, text: str, level: Level = "info") -> None:
        """Show this sentence."""
        self.setProperty("level", level)
        self._text.setText(text)
        self._picture.show_icon(level, _COLORS[level])
        self.style().unpolish(self)
        self.style().polish(self)


class FailureBanner(Banner):
    """A failure: its message, and its details (if any) on request. Hidden until there is one."""

    def __init__(self) -> None:
        super().__init__("", "error")
        self._details = QPlainTextEdit(readOnly=True)
        self._details.setProperty("role", "code")
        self._details.setAccessibleName("Details of the failure")
        self._details.setFixedHeight(180)
        self._details.hide()
        self._more = button("Details", self._toggle, kind="quiet", picture="chevron-down")
        self._copy = copy_button(self._details.toPlainText, "the details")
        self.body.addLayout(row(24, self._more, self._copy, None))
        self.body.addWidget(self._details)
        self.hide()

    def show_failure(self, failure: Failure) -> None:
        """Tell this failure."""
        self.show_text(failure.message, "error")
        self._details.setPlainText(failure.details)
        self._details.hide()
        for each in (self._more, self._copy):
            each.setVisible(bool(failure.details))
        self.show()

    def _toggle(self) -> None:
        self._details.setVisible(self._details.isHidden())
