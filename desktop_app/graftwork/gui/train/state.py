"""The run that is being trained: started, paused and stopped here, in the background."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from graftwork.engine.events import TrainingEvent
from graftwork.engine.history import RunHistory
from graftwork.engine.job import TrainingJob
from graftwork.gui.tasks import Tasks
from graftwork.gui.worker import Failure, GeneratorThread
from graftwork.runs.record import RunRecord
from graftwork.runs.workshop import Workshop

from .summary import Standing

Doing = Literal["nothing", "training", "pausing", "stopping"]


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended; ``run`` is None if it failed before it had a folder."""

    how: Literal["finished", "stopped", "failed"]
    run: RunRecord | None
    failure: Failure | None = None


class TrainState(QObject):
    """Folds the events of the present run into ``history``, which charts read when they like.

    ``subject`` says in a line what the run trains on what, also after its end.
    """

    changed = Signal()
    started = Signal()
    ended = Signal(object)

    def __init__(self, workshop: Workshop, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workshop = workshop
        self.history = RunHistory()
        self.subject = ""
        self.doing: Doing = "nothing"
        self.ending: Ending | None = None
        self._tasks = tasks
        self._thread: GeneratorThread | None = None
        self._run_id: str | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a run is at work or paused."""
        return self.doing != "nothing"

    @property
    def standing(self) -> Standing:
        """How it stands with the run; it is held or stopped after the present step."""
        if self.ending is not None:
            return self.ending.how
        doings: dict[Doing, Standing] = {"pausing": "paused", "stopping": "stopping"}
        return doings.get(self.doing, "working")

    def start(self, job: TrainingJob) -> None:
        """Train this; a run that is at work must have ended before."""
        self.subject = _subject(job.backbone, job.strategy, str(job.data.path))
        self._begin(lambda: self.workshop.train(job), None)

    def go_on(self, run: RunRecord) -> None:
        """Go on with a run that was interrupted; one that is at work must have ended before."""
        self.subject = _subject(run.backbone, run.strategy, run.data)
        self._begin(lambda: self.workshop.resume(run.id), run.id)

    def _begin(
        self, stream: Callable[[], Generator[TrainingEvent, None, None]], run_id: str | None
    ) -> None:
        self.history = RunHistory()
        self.ending = None
        self._run_id = run_id
        self._thread = self._tasks.start(
            stream,
            produced=self._take,
            returned=lambda _: self._end("finished"),
            stopped=lambda: self._end("stopped"),
            failed=lambda failure: self._end("failed", failure),
        )
        self._do("training")
        self.started.emit()

    @Slot()
    def pause_or_resume(self) -> None:
        """Hold the training after the present step, or let it go on."""
        if self._thread is None or self.doing not in {"training", "pausing"}:
            return
        if self.doing == "training":
            self._thread.pause()
            self._do("pausing")
        else:
            self._thread.resume()
            self._do("training")

    @Slot()
    def stop(self) -> None:
        """End the training after the present step; the best weights are kept."""
        if self._thread is not None and self.is_busy:
            self._do("stopping")
            self._thread.stop()

    def _do(self, doing: Doing) -> None:
        self.doing = doing
        self.changed.emit()

    def _take(self, event: TrainingEvent) -> None:
        if self._run_id is None and (run := self.workshop.current_run) is not None:
            self._run_id = run.id
        self.history.apply(event)

    def _end(
        self, how: Literal["finished", "stopped", "failed"], failure: Failure | None = None
    ) -> None:
        run = self.workshop.store.get(self._run_id) if self._run_id else None
        self.ending = Ending(how=how, run=run, failure=failure)
        self._thread = None
        self._do("nothing")
        self.ended.emit(self.ending)


def _subject(backbone: str, strategy: str, data: str) -> str:
    return f"{backbone}, {strategy}  ·  {data}"
