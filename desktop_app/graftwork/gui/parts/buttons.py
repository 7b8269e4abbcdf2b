"""Buttons: plain, primary and quiet ones, one that copies, and a row of which one is down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QPalette
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton

from graftwork.gui.icons import icon

from .boxes import row
from .focus import stop_at_checked

Kind = Literal["plain", "primary", "quiet", "segment"]


def button(
    text: str,
    on_click: Callable[[], object],
    *,
    kind: Kind = "plain",
    picture: str | None = None,
    keys: str = "",
) -> QPushButton:
    """A push button that does this when it is clicked, or these keys are pressed."""
    made = QPushButton()
    made.setProperty("kind", kind)
    made.clicked.connect(lambda: on_click())  # noqa: PLW0108 - not to be given "checked"
    made.setIconSize(QSize(16, 16))
    made.setShortcut(QKeySequence(keys))
    made.setToolTip(keys)
    rename(made, text, picture)
    return made


def rename(made: QPushButton, text: str, picture: str | None = None) -> None:
    """Give the button this text, with a gap beside its icon, which no style sheet can give.

    A ``picture`` takes the place of the one that it had.
    """
    keys = made.shortcut()
    if picture is not None:
        role = _ROLES.get(made.property("kind"), QPalette.ColorRole.ButtonText)
        made.setIcon(icon(picture, role))
    made.setText(text if made.icon().isNull() else f" {text}")
    made.setShortcut(keys)  # which another text takes away
    made.setAccessibleName(text)


_ROLES = {
    "primary": QPalette.ColorRole.HighlightedText,
    "quiet": QPalette.ColorRole.PlaceholderText,
}


def copy_button(give_text: Callable[[], str], what: str) -> QPushButton:
    """A quiet button that puts a text on the clipboard."""
    made = button("Copy", lambda: _copy(give_text()), kind="quiet", picture="copy")
    made.setAccessibleName(f"Copy {what}")
    made.setToolTip(f"Copy {what}")
    return made


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


class Segments(QFrame):
    """A few choices side by side, one of which holds."""

    chosen = Signal(int)

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self.setObjectName("segments")
        self._group = QButtonGroup(self)
        self._buttons = [button(text, lambda: None, kind="segment") for text in texts]
        for index, each in enumerate(self._buttons):
            each.setCheckable(True)
            self._group.addButton(each, index)
        self._buttons[0].setChecked(True)
        stop_at_checked(self._group)
        self._group.idClicked.connect(self.chosen)
        self.setLayout(row(*self._buttons, gap=2, margin=3))

    def choose(self, index: int) -> None:
        """Put this one down, and say so."""
        self._buttons[index].setChecked(True)
        self.chosen.emit(index)

    def allow(self, index: int, *, allowed: bool) -> None:
        """Let the user choose this one, or not yet."""
        self._buttons[index].setEnabled(allowed)

    def set_text(self, index: int, text: str) -> None:
        """Rename one choice."""
        rename(self._buttons[index], text)

    @property
    def current(self) -> int:
        """The index of the one that holds."""
        return self._group.checkedId()
