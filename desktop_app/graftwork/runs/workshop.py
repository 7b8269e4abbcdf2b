"""All that can be done with runs, for the window and the command line alike.

Everything that needs torch is imported when it is first used.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from graftwork.engine.data_source import checked_reader
from graftwork.engine.events import (
    DataReady,
    EpochDone,
    Progress,
    Resumed,
    TrainingEvent,
    WeightsMixed,
)
from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.engine.job_check import check_job
from graftwork.engine.weights import fetch_weights
from graftwork.files import write_text
from graftwork.paths import weights_folder
from graftwork.plugin_api import GraftworkError
from graftwork.plugin_host.registry import Registry

from .errors import RunUseError
from .log import events_until, run_log
from .record import RunRecord, has_checkpoint, has_weights, read_record
from .resuming import refuse_finished, run_lock, until_it_goes_on
from .store import RunStore

if TYPE_CHECKING:
    from graftwork.evaluation.report import Evaluation
    from graftwork.export.onnx_model import ExportReport
    from graftwork.export.predict import FilePrediction, FileProblem

    from .starting_point import StartingPoint

_SAVE_EVERY_S = 1.0


class Workshop:
    """Trains, evaluates, predicts and exports with these plugins, and keeps runs in this store."""

    def __init__(self, registry: Registry, store: RunStore) -> None:
        self.registry = registry
        self.store = store
        self._current: RunRecord | None = None
        self._saved = 0.0

    @property
    def current_run(self) -> RunRecord | None:
        """The run that was started last, as it stands now; None before the first."""
        return self._current

    def train(
        self, job: TrainingJob, folder: Path | None = None
    ) -> Generator[TrainingEvent, None, None]:
        """Train as the job says, in a run of its own, and give what happens, event by event.

        Closing the generator stops the run, and the best weights until then are kept. What goes
        wrong is raised, and noted in the run; a job that cannot be right makes no run.
        """
        run = self.store.create(self._checked(job), folder)
        with run_lock(run):
            yield from self._run(run, self._begun(run))

    def resume(self, run_id: str) -> Generator[TrainingEvent, None, None]:
        """Go on with a run that was stopped, killed or failed, as if nothing had happened.

        What the run had said until the checkpoint from which it goes on is said again first.
        Raises ``GraftworkError`` if the run is finished, or at work in another process.
        """
        run = self.store.get(run_id, has_checkpoint)
        with run_lock(run):
            # Another process may just have ended it.
            run = read_record(run.folder).model_copy(update={"id": run.id})
            refuse_finished(run)
            again = self.store.restart(run)
            yield from self._run(again, self._resumed(again), before=run)

    def assist(
        self, job: TrainingJob, run_id: str | None = None
    ) -> Generator[TrainingEvent, None, None]:
        """Help another process of ``torchrun``, which keeps the run, to train this job.

        ``run_id`` is the run that goes on; a new one has no folder that this process would need.
        """
        job = self._checked(job)
        folder = (
            self.store.get(run_id, has_checkpoint).folder
            if run_id
            else Path("of-the-first-process")
        )
        yield from self._training(job, folder, resume=run_id is not None)

    def _run(
        self,
        run: RunRecord,
        stream: Generator[TrainingEvent, None, None],
        before: RunRecord | None = None,
    ) -> Generator[TrainingEvent, None, None]:
        """The events of a run at work; how it ends is noted in it.

        One that did not come so far as to go on stands as ``before``.
        """
        self._current = run
        try:
            with closing(stream):
                for event in stream:
                    before = before if isinstance(event, Progress) else None
                    self._follow(event)
                    yield event
        except BaseException as error:
            self._end_early(error, before)
            raise
        if self._end("finished"):
            _remove_checkpoints(run)

    def _end_early(self, error: BaseException, before: RunRecord | None) -> None:
        if before is not None:
            with suppress(OSError):
                self.store.save(before)
            self._current = before
        elif isinstance(error, Exception):
            self._end("failed", _message(error))
        else:
            self._end("stopped")

    def evaluate(
        self, run_id: str, data: DataSettings | None = None
    ) -> Generator[TrainingEvent, None, Evaluation]:
        """Measure a run's classifier, on other data or else on the run's own test images.

        The latter is kept in the run's folder. What has become of the images since is a notice.
        Raises ``GraftworkError`` if the run or the images cannot be used.
        """
        from .evaluate_run import evaluate_on, evaluate_on_own_test_images
        from .kept import EVALUATION_FILE, weights_digest

        run = self.store.get(run_id, has_weights)
        if data:
            return (yield from evaluate_on(data, run, self.registry))
        weights = weights_digest(run)
        found = yield from evaluate_on_own_test_images(run, self.registry)
        evaluation = found.model_copy(update={"weights": weights})
        write_text(run.folder / EVALUATION_FILE, evaluation.model_dump_json(indent=1))
        self._note_accuracy(run, evaluation.figures["accuracy"].value)
        return evaluation

    def kept_evaluation(self, run: RunRecord) -> Evaluation | None:
        """What was measured of the run's weights as they are now, if it was."""
        from .kept import kept_evaluation

        return kept_evaluation(run)

    def export(
        self, run_id: str, file: Path, plain: bool = False
    ) -> Generator[TrainingEvent, None, ExportReport]:
        """Write a run's classifier as ONNX, proven on the run's validation images.

        Raises ``GraftworkError`` if the run cannot be used or the two do not agree.
        """
        from .export_run import export_run

        run = self.store.get(run_id, has_weights)
        return (yield from export_run(run, self.registry, file, plain=plain))

    def predict(
        self, run_id: str, paths: Iterable[Path]
    ) -> Generator[TrainingEvent, None, list[FilePrediction | FileProblem]]:
        """What a run's classifier says of image files and of the images in folders.

        A file that cannot be used is a problem in its place. Raises ``GraftworkError`` if the run
        cannot be used.
        """
        from .predict_run import predict_with_run

        run = self.store.get(run_id, has_weights)
        return (yield from predict_with_run(run, self.registry, paths))

    def starting_point(self, run: RunRecord) -> StartingPoint:
        """What the run offers to one that starts from its weights; raises ``RunUseError``."""
        from .starting_point import starting_point

        return starting_point(run)

    def _checked(self, job: TrainingJob) -> TrainingJob:
        """The job, which names its reader: another that is installed later may be asked first.

        Refuses what is wrong in it before there is a run of it or a download.
        """
        check_job(job, self.registry)
        reader = checked_reader(job.data, self.registry)
        if job.start:
            from graftwork.engine.earlier_run import check_start

            check_start(job.start)
        data = job.data.model_copy(update={"reader": reader.name})
        return job.model_copy(update={"data": data})

    def _note_accuracy(self, run: RunRecord, accuracy: float) -> None:
        """On the record as it is by now: the run may have ended while it was evaluated.

        A run at work keeps its record by itself, and may come to other weights.
        """
        changes = {"id": run.id, "test_accuracy": accuracy}
        with suppress(RunUseError), run_lock(run):
            self.store.save(read_record(run.folder).model_copy(update=changes))

    def _begun(self, run: RunRecord) -> Generator[TrainingEvent, None, None]:
        from graftwork.engine.earlier_run import keep_start

        job = self.store.job_of(run)
        if job.start:
            job = self.store.note_start(run, keep_start(job.start, run.folder))
        yield from self._events(job, run)

    def _events(self, job: TrainingJob, run: RunRecord) -> Generator[TrainingEvent, None, None]:
        with run_log(run.folder) as log, closing(self._training(job, run.folder)) as events:
            for event in events:
                log(event)
                yield event

    def _resumed(self, run: RunRecord) -> Generator[TrainingEvent, None, None]:
        with closing(self._training(self.store.job_of(run), run.folder, resume=True)) as events:
            first = yield from until_it_goes_on(events)
            resumed = next((event for event in first if isinstance(event, Resumed)), None)
            earlier = events_until(run, resumed)
            yield from earlier
            with run_log(run.folder, earlier) as log:
                for event in chain(first, events):
                    log(event)
                    yield event

    def _training(
        self, job: TrainingJob, folder: Path, *, resume: bool = False
    ) -> Generator[TrainingEvent, None, None]:
        from graftwork.engine.train import train

        weights = None
        if self.registry.strategy(job.strategy).pretrained and job.start is None:
            backbone = self.registry.backbone(job.backbone)
            weights = yield from fetch_weights(backbone, weights_folder())
        yield from train(job, registry=self.registry, folder=folder, weights=weights, resume=resume)

    def _follow(self, event: TrainingEvent) -> None:
        match event:
            case EpochDone(best=True):
                self._note_best(event.validation_accuracy)
            case WeightsMixed():
                self._note_best(event.validation_accuracy)
            case DataReady():
                self._note_data(event.data_fingerprint)

    def _note_data(self, fingerprint: str) -> None:
        """From here on the job names its images, so that it cannot be repeated on others."""
        assert self._current
        self.store.note_data(self._current, fingerprint)

    def _note_best(self, accuracy: float) -> None:
        assert self._current
        self._current = self._current.model_copy(update={"validation_accuracy": accuracy})
        if time.monotonic() - self._saved > _SAVE_EVERY_S:
            with suppress(OSError):  # a full disk must not end the training
                self.store.save(self._current)
            self._saved = time.monotonic()

    def _end(
        self, status: Literal["finished", "stopped", "failed"], message: str | None = None
    ) -> bool:
        """Whether it could be noted: the run's folder may be what went wrong."""
        assert self._current
        with suppress(OSError):
            self._current = self.store.finish(self._current, status, message)
            return True
        return False


def _remove_checkpoints(run: RunRecord) -> None:
    """Only when the end is noted: until then the run can go on from the last one."""
    from graftwork.engine.checkpoints.files import remove_checkpoints
    from graftwork.engine.checkpoints.keeper import FOLDER

    with suppress(OSError):  # what stays takes room, but does no harm
        remove_checkpoints(run.folder / FOLDER)


def _message(error: Exception) -> str:
    if isinstance(error, GraftworkError):
        return str(error)
    return f"{type(error).__name__}: {error}"
