"""The Train page: set up a run, then watch it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import ValidationError
from PySide6.QtWidgets import QStackedWidget, QWidget

from graftwork.engine.job import TrainingJob
from graftwork.gui.data.state import DataState
from graftwork.gui.parts.announce import announce
from graftwork.gui.parts.boxes import GRID, column, holder
from graftwork.gui.parts.buttons import Segments, button, rename
from graftwork.gui.parts.focus import settle_focus
from graftwork.gui.parts.page import Page
from graftwork.gui.tasks import Tasks
from graftwork.gui.worker import Failure, once
from graftwork.plugin_api import GraftworkError
from graftwork.runs.record import RunRecord
from graftwork.settings import Settings
from graftwork.wrong_values import wrong_values_text

from .augmentation_card import AugmentationCard
from .live import LiveView
from .network_dialog import NetworkDialog
from .setup import TrainSetup
from .state import Ending, TrainState

if TYPE_CHECKING:
    from graftwork.runs.starting_point import StartingPoint

_NO_DATA = "Open a data set on the Data page first."
_START_KEYS = "Ctrl+Return"
SETUP, PROGRESS = 0, 1
_ENDINGS = {
    "finished": "Training is done.",
    "stopped": "Training was stopped.",
    "failed": "Training failed.",
}


class TrainPage(Page):
    """Start, pause and stop stand above; what there is to set or to see, below."""

    def __init__(
        self,
        state: TrainState,
        data: DataState,
        tasks: Tasks,
        settings: Settings,
        show_results: Callable[[], object],
    ) -> None:
        self._state = state
        self._data = data
        self._tasks = tasks
        self.start = button(
            "Start training", self._start, kind="primary", picture="play", keys=_START_KEYS
        )
        self.pause = button("Pause", state.pause_or_resume, picture="pause", keys="Ctrl+P")
        self.stop = button("Stop and keep the best", state.stop, picture="stop")
        self.results = button("See the results", show_results, kind="primary", picture="results")
        self.views = Segments("Setup", "Progress")
        buttons = (self.views, self.pause, self.stop, self.results, self.start)
        super().__init__("Train", _NO_DATA, *buttons)
        self.setup = TrainSetup(data.registry, settings)
        self.augmentation = AugmentationCard(data, tasks, self.setup.job)
        self.live = LiveView(lambda: state.history, lambda: state.standing)
        self._stack = QStackedWidget()
        self._stack.addWidget(_above(self.setup, self.augmentation))
        self._stack.addWidget(self.live)
        self.body.addWidget(self._stack)
        self.views.allow(PROGRESS, allowed=False)
        self._listen()
        self._refresh()
        if self.setup.misses_wanted:
            self._bring_back(self.setup.wanted)

    def _listen(self) -> None:
        self.views.chosen.connect(self._stack.setCurrentIndex)
        self.views.chosen.connect(self._refresh)
        self.setup.changed.connect(self._refresh)
        self.setup.changed.connect(self.failure.hide)
        self.setup.rate_wanted.connect(self._find_rate)
        self.setup.network_wanted.connect(self._find_network)
        self.setup.changed.connect(self.augmentation.follow)
        self._data.opened.connect(self._refresh)
        self._data.opened.connect(lambda _: self.failure.hide())
        self._data.checked.connect(self._refresh)
        self._state.changed.connect(self._refresh)
        self._state.started.connect(self._show_progress)
        self._state.ended.connect(self._show_ending)

    def fork(self, run: RunRecord) -> StartingPoint | None:
        """Set up a run that starts from this one's weights; None if it cannot be."""
        self.failure.hide()
        try:
            point = self._state.workshop.starting_point(run)
        except GraftworkError as error:
            self.failure.show_failure(Failure(message=str(error), details=""))
            return None
        self.setup.start_from(point)
        self.views.choose(SETUP)
        return point

    def _start(self) -> None:
        job = self._job()
        if job is not None:
            self._state.start(job)

    def _find_rate(self) -> None:
        """In a dialog that has to be closed before training can begin."""
        job = self._job()
        if job is None:
            return
        from graftwork.runs.rate_run import find_rate_of_job

        from .rate_dialog import RateDialog

        registry = self._data.registry
        dialog = RateDialog(lambda phase: find_rate_of_job(job, registry, phase), self._tasks, self)
        dialog.wanted.connect(self.setup.use)
        dialog.open()

    def _find_network(self) -> None:
        dialog = NetworkDialog(self._data.registry, self._tasks, self)
        dialog.found.connect(self.setup.add_backbone)
        dialog.open()

    def _bring_back(self, network: str) -> None:
        """In a thread: its family may have to build it, which takes seconds.

        If that fails (the plugin may have changed), nothing is said: another network is chosen.
        """
        self._tasks.start(
            lambda: once(lambda: self._data.registry.backbone(network)),
            returned=self.setup.bring_back,
        )

    def _job(self) -> TrainingJob | None:
        """What is set up; None if there is no data, a run at work, or something wrong."""
        opened = self._data.current
        if opened is None or self._state.is_busy:
            return None
        try:
            return self.setup.job(opened.wish)
        except ValidationError as error:
            self.failure.show_failure(_refused(error))
            return None

    def _show_progress(self) -> None:
        self.failure.hide()
        self.views.allow(PROGRESS, allowed=True)
        self.views.choose(PROGRESS)

    def _show_ending(self, ending: Ending) -> None:
        announce(self.window(), _ENDINGS[ending.how])
        if ending.failure is not None:
            self.failure.show_failure(ending.failure)
        self._refresh()

    def _subject(self) -> str:
        """What the view below is about: the run, or what is missing, or the data that is open."""
        if self.views.current == PROGRESS:
            return self._state.subject
        opened = self._data.current
        return self._missing(" ") or ("" if opened is None else opened.summary())

    def _missing(self, between: str = "\n") -> str:
        """Why training cannot be started as it is set up; nothing where it can."""
        return _NO_DATA if self._data.current is None else between.join(self.setup.problems())

    def _allow(self, missing: str) -> None:
        """Let training and the search for a rate be started, or say why not."""
        for each in (self.start, self.setup.find_rate):
            each.setEnabled(not missing)
            each.setToolTip(missing or each.shortcut().toString())

    def _refresh(self) -> None:
        self.subtitle.setText(self._subject())
        doing, ending = self._state.doing, self._state.ending
        busy = self._state.is_busy
        has_results = (
            ending is not None
            and ending.run is not None
            and ending.run.validation_accuracy is not None
        )
        self.start.setVisible(not busy)
        self._allow(self._missing())
        self.results.setVisible(not busy and has_results and self.views.current == PROGRESS)
        self.start.setVisible(not busy and not self.results.isVisibleTo(self))
        self.pause.setVisible(busy)
        self.pause.setEnabled(doing in {"training", "pausing"})
        rename(self.pause, *(("Resume", "play") if doing == "pausing" else ("Pause", "pause")))
        self.stop.setVisible(busy)
        self.stop.setEnabled(doing != "stopping")
        self.setup.setEnabled(not busy)
        settle_focus(self)


def _above(setup: TrainSetup, card: AugmentationCard) -> QWidget:
    layout = column(setup, card, gap=2 * GRID)
    layout.setStretch(0, 1)
    return holder(layout)


def _refused(error: ValidationError) -> Failure:
    wrong = wrong_values_text(error)
    return Failure(message=f"{wrong[:1].upper()}{wrong[1:]}.", details=str(error))
