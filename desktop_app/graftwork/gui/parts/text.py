"""Labels in the few sizes that the window uses, and numbers as people read them."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

Role = Literal["title", "heading", "muted", "small", "figure", "error", "badge", "group", "plain"]


def label(text: str = "", role: Role = "plain", *, wrap: bool = False) -> QLabel:
    """Plain text in one of the window's sizes."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 image`` or ``1,204 images``."""
    word = one if number == 1 else (many or f"{one}s")
    return f"{number:,} {word}"


def duration(seconds: float) -> str:
    """``45 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


class ElidedLabel(QLabel):
    """One line that is shortened where it does not fit; the tooltip has it all.

    It loses its middle, as suits paths; a ``sentence``, its end.
    """

    def __init__(self, text: str = "", role: Role = "muted", *, sentence: bool = False) -> None:
        super().__init__()
        modes = Qt.TextElideMode
        self._mode = modes.ElideRight if sentence else modes.ElideMiddle
        self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Show this text."""
        super().setText(text)
        self.setToolTip(text)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint as much of the text as fits."""
        shown = self.fontMetrics().elidedText(self.text(), self._mode, self.width())
        painter = QPainter(self)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()
