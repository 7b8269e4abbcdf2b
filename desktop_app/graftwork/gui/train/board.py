"""All charts of a run, drawn again at most twenty times a second, and only if there is news."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from graftwork.engine.history import RunHistory
from graftwork.gui.parts.boxes import GRID, column, row

from .curves import LARGE_CHARTS, SMALL_CHARTS, phase_boundaries

if TYPE_CHECKING:
    from .chart import Chart

REDRAWS_PER_SECOND = 20


class ChartBoard(QWidget):
    """Shows whatever ``history`` gives. The charts are made at the first look."""

    def __init__(self, history: Callable[[], RunHistory]) -> None:
        super().__init__()
        self._history = history
        self._shown: object = None
        self.charts: list[Chart] = []
        self.redraws = 0
        self._timer = QTimer(self)
        self._timer.setInterval(1000 // REDRAWS_PER_SECOND)
        self._timer.timeout.connect(self.redraw)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Begin to follow the history."""
        super().showEvent(event)
        if not self.charts:
            self._make_charts()
        self._shown = None
        self.redraw()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Draw nothing that nobody sees."""
        super().hideEvent(event)
        self._timer.stop()

    @Slot()
    def redraw(self) -> None:
        """Draw the charts, if the history has changed since they were drawn."""
        history = self._history()
        state = _fingerprint(history)
        if state == self._shown:
            return
        self._shown = state
        self.redraws += 1
        boundaries = phase_boundaries(history)
        for chart, spec in zip(self.charts, LARGE_CHARTS + SMALL_CHARTS, strict=True):
            chart.show_curves(spec.curves(history), boundaries)
        self._hide_those_without_use(history)

    def _hide_those_without_use(self, history: RunHistory) -> None:
        """A head that is solved has no rate and no steps."""
        for chart in self.charts:
            useless = bool(history.epochs) and not chart.shows_something
            if useless != chart.left_out:  # showing what is shown, Qt would not lay it out
                chart.left_out = useless
                chart.setVisible(not useless)

    def _make_charts(self) -> None:
        from .chart import Chart

        large = [Chart(spec) for spec in LARGE_CHARTS]
        small = [Chart(spec) for spec in SMALL_CHARTS]
        self.charts = [*large, *small]
        layout = column(row(*large, gap=12), row(*small, gap=12), gap=12)
        layout.setStretch(0, 5)
        layout.setStretch(1, 4)
        self.setLayout(layout)
        layout.setContentsMargins(0, 0, 0, GRID)


def _fingerprint(history: RunHistory) -> tuple[object, ...]:
    steps, epochs = len(history.step_positions), len(history.epochs)
    return (id(history), steps, epochs, len(history.phases), len(history.loads))
