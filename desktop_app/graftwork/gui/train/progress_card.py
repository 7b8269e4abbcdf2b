"""What a run does now, how far it is, how good so far, and what it had to say."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QLabel, QProgressBar

from graftwork.engine.history import RunHistory
from graftwork.gui.parts.boxes import GRID, Card, column, row
from graftwork.gui.parts.text import label

from .summary import Standing, best_so_far, fraction, headline, where

_STEPS = 1000
_KEPT = (
    "Kept is the epoch with the best Brier score on the validation images, or another figure that "
    "you chose. Its accuracy may be below that of another epoch."
)


class ProgressCard(Card):
    """A sentence, a bar, and the figures that people ask for while they wait."""

    def __init__(self, history: Callable[[], RunHistory], standing: Callable[[], Standing]) -> None:
        super().__init__()
        self._history = history
        self._standing = standing
        self.what = label(role="heading")
        self.where = label(role="muted", wrap=True)
        self.best = label("–", "heading")
        self._best_where = label(role="small")
        for each in (self.best, self._best_where):
            each.setToolTip(_KEPT)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the training")
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(200)

    def _lay_out(self) -> None:
        said = row(self.what, GRID, self.where)
        said.setStretch(2, 1)
        work = column(said, self._bar)
        kept = column(label("Kept: accuracy in validation", "small"), self._best_where, gap=0)
        best = row(kept, self.best)
        line = row(work, best, gap=4 * GRID)
        line.setStretch(0, 1)
        self.body.addLayout(line)

    @Slot()
    def refresh(self) -> None:
        """Say how the run stands now."""
        history, standing = self._history(), self._standing()
        _tell(self.what, headline(history, standing))
        _tell(self.where, where(history, standing))
        figure, epoch = best_so_far(history)
        _tell(self.best, figure)
        _tell(self._best_where, epoch)
        done = fraction(history)
        if standing in {"stopped", "failed"} and (done is None or not history.epochs):
            done = 0.0  # what was done before an epoch is of no use
        self._bar.setRange(0, 0 if done is None else _STEPS)
        self._bar.setValue(0 if done is None else round(done * _STEPS))

    def follow(self, *, following: bool) -> None:
        """Refresh by itself, or not any more."""
        self.refresh()
        if following:
            self._timer.start(200)
        else:
            self._timer.stop()


def _tell(target: QLabel, text: str) -> None:
    if target.text() != text:
        target.setText(text)
