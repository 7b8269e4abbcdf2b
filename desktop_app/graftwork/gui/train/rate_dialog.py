"""Tries rates on the user's images, draws the curve, and offers what it suggests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QWidget

from graftwork.engine.events import Progress
from graftwork.gui.parts.announce import announce
from graftwork.gui.parts.banner import FailureBanner
from graftwork.gui.parts.boxes import GRID, column
from graftwork.gui.parts.busy import Busy
from graftwork.gui.parts.text import label
from graftwork.gui.tasks import Tasks
from graftwork.gui.worker import Failure, GeneratorThread

from .chart import Chart
from .curves import ChartLook, Curve

if TYPE_CHECKING:
    from graftwork.engine.rates.curve import RateCurve, RatePoint
    from graftwork.engine.rates.suggestion import RateSuggestion

_LOOK = ChartLook(
    title="Loss of each step, while the rate rises",
    x_axis="learning rate",
    powers=(-6, 1),
    from_zero=True,
    phases="named",
)
_WHY = (
    "All learning rates rise together from step to step, from far too low to far too high. Where "
    "the loss falls fastest, or ten times below its lowest point, is a good rate. Nothing that is "
    "learned here is kept."
)


class RateDialog(QDialog):
    """Finds a rate in the background while it is open; ``wanted`` carries the settings to use.

    ``make`` gives what finds the rate of the phase with this number, or of the first one.
    """

    wanted = Signal(object)

    def __init__(
        self,
        make: Callable[[int | None], Iterator[Any]],
        tasks: Tasks,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._make, self._tasks = make, tasks
        self.setWindowTitle("Find a learning rate")
        self.resize(680, 520)
        self.found: RateSuggestion | None = None
        self.chart = Chart(_LOOK)
        self.answer = label("", "heading", wrap=True)
        self.details = label("", "muted", wrap=True)
        self._busy = Busy()
        self._failure = FailureBanner()
        self._points: list[RatePoint] = []
        self._drawn = 0
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._draw_news)
        self._timer.start(50)
        self._thread = self._find(None)

    def _find(self, phase: int | None) -> GeneratorThread:
        self._busy.begin("Getting ready")
        return self._tasks.start(
            lambda: self._make(phase),
            produced=self._take,
            returned=self._conclude,
            failed=self._fail,
        )

    def _lay_out(self) -> None:
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.use = self.buttons.addButton("Use it", QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.setProperty("kind", "primary")
        self.use.setEnabled(False)
        self.next = self.buttons.addButton(
            "Try the next phase", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.next.setToolTip(
            "Trains this phase with its rates as they are set, then tries the next"
        )
        self.next.setEnabled(False)
        self.next.clicked.connect(self._find_next)
        self.buttons.accepted.connect(self._use)
        self.buttons.rejected.connect(self.reject)
        texts = (label(_WHY, "muted", wrap=True), self._failure, self._busy)
        layout = column(
            *texts, self.chart, self.answer, self.details, self.buttons, margin=2 * GRID
        )
        layout.setStretchFactor(self.chart, 1)
        self.setLayout(layout)
        self.answer.hide()
        self.details.hide()

    def done(self, result: int) -> None:
        """Ask for no further step, and go; whichever way the dialog ends, it comes by here."""
        self._thread.stop()
        super().done(result)
        self.deleteLater()

    @Slot(object)
    def _take(self, event: Any) -> None:
        if isinstance(event, Progress):
            self._busy.show_progress(event)
        elif event.kind == "rate-point":
            self._points.append(event)
            self._busy.show_progress(_progress(len(self._points)))

    @Slot()
    def _draw_news(self) -> None:
        if self.found is None and len(self._points) > self._drawn:
            self._drawn = len(self._points)
            self.chart.show_curves([_measured(self._points)], [])

    @Slot(object)
    def _conclude(self, found: RateSuggestion) -> None:
        self.found = found
        self._busy.hide()
        rate = found.curve.suggested
        marks = [] if rate is None else [(math.log10(rate), "suggested")]
        self.chart.show_curves([_measured(found.curve.points), _smooth(found.curve)], marks)
        self.answer.setText(found.summary)
        self.details.setText(found.advice)
        self.answer.show()
        self.details.show()
        self.next.setEnabled(found.next_phase is not None)
        self._offer(bool(found.settings))
        announce(self, found.summary)

    def _offer(self, offered: bool) -> None:
        """Make Enter use what was found, rather than close without it."""
        self.use.setEnabled(offered)
        if offered:
            self.use.setDefault(True)
            self.use.setFocus()

    @Slot()
    def _find_next(self) -> None:
        if self.found is not None:
            phase, self.found = self.found.next_phase, None
            self._clear()
            self._thread = self._find(phase)

    def _clear(self) -> None:
        self._points, self._drawn = [], 0
        self.chart.show_curves([], [])
        for shown in (self.answer, self.details):
            shown.hide()
        for choice in (self.use, self.next):
            choice.setEnabled(False)
        self._busy.show()

    @Slot(object)
    def _fail(self, failure: Failure) -> None:
        self._busy.hide()
        self._failure.show_failure(failure)

    @Slot()
    def _use(self) -> None:
        if self.found is not None:
            self.wanted.emit(self.found.settings)
        self.accept()


def _progress(tried: int) -> Progress:
    from graftwork.engine.rates.curve import STEPS

    return Progress(what="Trying rates", done=tried, total=STEPS)


def _measured(points: Sequence[RatePoint]) -> Curve:
    losses = [point.loss for point in points]
    return _curve("each step", points, losses, faint=True)


def _smooth(curve: RateCurve) -> Curve:
    return _curve("without noise", curve.points, curve.smooth)


def _curve(
    name: str, points: Sequence[RatePoint], losses: Sequence[float], *, faint: bool = False
) -> Curve:
    """Up to twice the first loss: what lies beyond only says that it diverged."""
    rates = [point.rate for point in points]
    shown = [(x, y) for x, y in zip(rates, losses, strict=True) if y <= 2 * losses[0]]
    return Curve(name=name, x=[x for x, _ in shown], y=[y for _, y in shown], faint=faint)
