"""Shows work whose end is known: what is done, a bar, the time left, and a way out."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, Slot
from PySide6.QtWidgets import QProgressBar, QWidget

from graftwork.engine.events import Progress

from .boxes import GRID, column, row
from .buttons import button
from .text import duration, label


class Busy(QWidget):
    """A bar with a sentence; without ``on_cancel`` there is no way out."""

    def __init__(self, on_cancel: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._what = label(role="heading")
        self._left = label(role="muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._clock = QElapsedTimer()
        parts = [self._what, self._bar, self._left]
        layout = column(*parts, gap=GRID)
        if on_cancel is not None:
            layout.addLayout(row(button("Cancel", on_cancel), None))
        self.setLayout(layout)

    def begin(self, what: str) -> None:
        """Say what begins."""
        self._bar.setRange(0, 0)
        self._left.setText(" ")
        self._what.setText(what)
        self._clock.restart()

    @Slot(object)
    def show_progress(self, progress: Progress) -> None:
        """Show how far it is."""
        if progress.what != self._what.text():
            self.begin(progress.what)
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        self._bar.setAccessibleName(progress.what)
        self._left.setText(_position(progress, self._clock.elapsed() / 1000))


def _position(progress: Progress, seconds: float) -> str:
    if not progress.total:
        return " "
    text = f"{progress.done:,} of {progress.total:,}"
    if seconds > 2 and 0 < progress.done < progress.total:
        left = seconds / progress.done * (progress.total - progress.done)
        return f"{text}, about {duration(left)} left"
    return text
