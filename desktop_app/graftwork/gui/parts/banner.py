"""A coloured strip with a sentence for the user, and details for whoever helps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit

from graftwork.gui.colors import Colors
from graftwork.gui.worker import Failure

from .announce import announce
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

_LEVELS: Mapping[Level, str] = {
    "info": "Note",
    "warning": "Warning",
    "error": "Error",
    "check": "Done",
}


def spoken(text: str, level: Level) -> str:
    """The sentence with its level in a word, for those who do not see the picture."""
    return f"{_LEVELS[level]}: {text}"


class Banner(QFrame):
    """A sentence, with a picture of how serious it is."""

    def __init__(self, text: str = "", level: Level = "info") -> None:
        super().__init__()
        self.setObjectName("banner")
        self._unsaid = ""
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
        self._text.setAccessibleName(spoken(text, level))
        self._picture.show_icon(level, _COLORS[level])
        self.style().unpolish(self)
        self.style().polish(self)
        self._unsaid = spoken(text, level) if text else ""
        if self.isVisible():
            self._say()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Say the sentence when it appears, but not again whenever its page is shown."""
        super().showEvent(event)
        self._say()

    def _say(self) -> None:
        if self._unsaid:
            announce(self, self._unsaid)
        self._unsaid = ""


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
