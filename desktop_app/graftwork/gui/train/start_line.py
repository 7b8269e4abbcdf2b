"""The line that tells from which run's weights a run will start, and lets one choose among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSpinBox, QWidget

from graftwork.engine.job import StartSettings
from graftwork.gui.parts.boxes import GRID, Card, holder, row
from graftwork.gui.parts.buttons import button
from graftwork.gui.parts.text import ElidedLabel, label

if TYPE_CHECKING:
    from graftwork.runs.starting_point import StartingPoint

_MOST_REPLAYED = 10_000


class StartLine(QWidget):
    """Hidden while a run starts from the pretrained weights, as most do."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.point: StartingPoint | None = None
        self._sentence = ElidedLabel("")
        self.weights = QComboBox()
        self.weights.setAccessibleName("Weights to start from")
        self._replay_name = label("Its images of each class to train on too", "muted")
        self.replay = QSpinBox()
        self.replay.setRange(0, _MOST_REPLAYED)
        self.replay.setAccessibleName("Images of each class of its sample to train on too")
        self.leave = button("Start from pretrained weights", self.clear, kind="quiet")
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        choices = (self.weights, self._replay_name, self.replay, self.leave)
        inside = row(self._sentence, *choices, gap=2 * GRID)
        inside.setStretch(0, 1)
        self.setLayout(row(Card("", holder(inside), margin=12)))
        self.weights.currentIndexChanged.connect(self.changed)
        self.replay.valueChanged.connect(self.changed)

    def show_point(self, point: StartingPoint) -> None:
        """Start from this run, by its best weights until others are chosen."""
        self.point = point
        run = point.run
        self._sentence.setText(
            f"From the run of {run.created.astimezone():%Y-%m-%d %H:%M} on {run.data} "
            f"({run.backbone}, {run.strategy})"
        )
        self.weights.clear()
        self.weights.addItems([_spoken(name) for name in point.weights])
        self.replay.setValue(0)
        for part in (self._replay_name, self.replay):
            part.setVisible(point.has_sample)
        self.show()
        self.changed.emit()

    def clear(self) -> None:
        """Start from the pretrained weights."""
        self.point = None
        self.hide()
        self.changed.emit()

    @property
    def start(self) -> StartSettings | None:
        """What a job says of its start; None for the pretrained weights."""
        if self.point is None:
            return None
        chosen = self.point.weights[max(0, self.weights.currentIndex())]
        return self.point.start(chosen, self.replay.value())


def _spoken(weights: str) -> str:
    phase, dash, epoch = weights.partition("-")
    return f"Phase {phase}, epoch {epoch}" if dash else "Best weights"
