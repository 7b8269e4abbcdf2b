"""The run whose results, charts and export are shown; measured in the background if need be."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from graftwork.data.input_spec import InputSpec
from graftwork.engine.data_source import reader_of
from graftwork.engine.events import TrainingEvent
from graftwork.engine.history import RunHistory
from graftwork.gui.pictures.reader import PLAIN_READER, PictureReader
from graftwork.gui.tasks import Tasks
from graftwork.gui.worker import GeneratorThread
from graftwork.plugin_api import GraftworkError
from graftwork.plugin_host import Registry
from graftwork.runs.kept import kept_info, kept_job
from graftwork.runs.log import load_history
from graftwork.runs.record import RunRecord
from graftwork.runs.workshop import Workshop

if TYPE_CHECKING:
    from graftwork.evaluation.report import Evaluation


@dataclass(frozen=True, kw_only=True)
class ShownRun:
    """A run with all that is known of it; no evaluation if it kept no weights.

    ``reader`` shows its images as the run saw them, ``spec`` is what its network sees of each.
    """

    run: RunRecord
    history: RunHistory
    evaluation: Evaluation | None
    reader: PictureReader = PLAIN_READER
    spec: InputSpec | None = None


def study_run(workshop: Workshop, run_id: str) -> Generator[TrainingEvent, None, ShownRun]:
    """Read what a run left, and measure it on its test images if nobody has yet."""
    run = workshop.store.get(run_id)
    history = load_history(run)
    evaluation = workshop.kept_evaluation(run)
    if evaluation is None and run.validation_accuracy is not None:
        evaluation = yield from workshop.evaluate(run_id)
        run = workshop.store.get(run_id)
    if evaluation is None:
        return ShownRun(run=run, history=history, evaluation=None)
    spec, reader = kept_info(run).input, picture_reader_of(run, workshop.registry)
    return ShownRun(run=run, history=history, evaluation=evaluation, reader=reader, spec=spec)


def picture_reader_of(run: RunRecord, registry: Registry) -> PictureReader:
    """Reads pictures as the run did; as any image if what it used is not there any more."""
    try:
        decoder = reader_of(kept_job(run).data, registry).decode
        return PictureReader(decoder, kept_info(run).input.intensity)
    except GraftworkError:
        return PLAIN_READER


class ResultState(QObject):
    """Which run is looked at; ``opening`` tells that one is studied, then ``shown`` or ``failed``.

    ``said`` carries each event meanwhile; ``closed`` tells that none is looked at any more.
    """

    opening = Signal(object)
    said = Signal(object)
    shown = Signal(object)
    failed = Signal(object)
    closed = Signal()

    def __init__(self, workshop: Workshop, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workshop = workshop
        self.current: ShownRun | None = None
        self._tasks = tasks
        self._run: RunRecord | None = None
        self._thread: GeneratorThread | None = None

    def open(self, run: RunRecord) -> None:
        """Study this run, instead of the one before."""
        self._leave()
        self._run = run
        self.opening.emit(run)
        self._thread = self._tasks.start(
            lambda: study_run(self.workshop, run.id),
            produced=self._while_open(run, self.said.emit),
            returned=self._while_open(run, self._take),
            failed=self._while_open(run, self.failed.emit),
        )

    @property
    def run_id(self) -> str | None:
        """The run that is looked at, or studied to be."""
        return self._run.id if self._run is not None else None

    @Slot()
    def close(self) -> None:
        """Look at no run; stop studying, if one is studied."""
        self._leave()
        self.closed.emit()

    def forget(self, run: RunRecord) -> None:
        """Look at it no longer, if it is this one: it is gone."""
        if self._run is not None and self._run.id == run.id:
            self.close()

    def _leave(self) -> None:
        self._run = self.current = None
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _while_open(self, run: RunRecord, do: Callable[[Any], object]) -> Callable[[Any], object]:
        """Does it unless the run was left meanwhile: what a thread said last is heard late."""
        return lambda heard: do(heard) if self._run is run else None

    def _take(self, shown: ShownRun) -> None:
        self.current = shown
        self.shown.emit(shown)
