"""Trains from the command line, evaluates, and tells what came of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from graftwork.engine.events import TrainingEvent
from graftwork.engine.job import TrainingJob
from graftwork.plugin_api import GraftworkError
from graftwork.runs.record import has_checkpoint, has_weights
from graftwork.wrong_values import wrong_values_text

from .console import INTERRUPTED, messages, print_json, results, shown
from .progress import listen
from .summaries import print_evaluation

if TYPE_CHECKING:
    from graftwork.runs.workshop import Workshop


def read_job_file(file: Path, data: Path | None) -> dict[str, Any]:
    """The values of the job that a file holds, such as a run's job.json.

    ``data`` is where its images are now, if not where they were. Raises ``GraftworkError`` if it
    cannot be read or holds no job.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"The job file {file} cannot be read: {error}."
        raise GraftworkError(msg) from error
    try:
        values = TrainingJob.model_validate_json(text).model_dump()
    except ValidationError as error:
        msg = f"The job file {file} is not right: {wrong_values_text(error)}."
        raise GraftworkError(msg) from error
    if data:
        values["data"]["path"] = data
    return values


def fork_values(
    workshop: Workshop, run_id: str, start: str, replay: int, data: dict[str, Any] | None
) -> dict[str, Any]:
    """The values of a job like the run's that starts from its weights, perhaps on other data."""
    run = workshop.store.get(run_id, has_weights)
    values = workshop.store.job_of(run).model_dump()
    values["start"] = {"folder": run.folder, "weights": start, "replay": replay}
    values["data_fingerprint"] = None  # the run's own images may have changed since
    return values | ({"data": {**values["data"], "reader_options": {}, **data}} if data else {})


def train_and_evaluate(
    workshop: Workshop, job: TrainingJob, folder: Path | None, *, as_json: bool
) -> None:
    """Run the job, evaluate on its test images, and print figures and the run's id.

    Started by ``torchrun``, the first process does so, and the others help it to train.
    """
    if _is_helper():
        deque(workshop.assist(job), maxlen=0)
        return
    _to_the_end(workshop, workshop.train(job, folder), as_json=as_json)


def resume_and_evaluate(workshop: Workshop, run_id: str, *, as_json: bool) -> None:
    """Go on with the run, evaluate on its test images, and print figures."""
    if _is_helper():
        job = workshop.store.job_of(workshop.store.get(run_id, has_checkpoint))
        deque(workshop.assist(job, run_id), maxlen=0)
        return
    _to_the_end(workshop, workshop.resume(run_id), as_json=as_json)


def _is_helper() -> bool:
    """Whether this is one of the processes of ``torchrun`` that are not the first."""
    return int(os.environ.get("RANK", "0")) > 0


def _to_the_end(
    workshop: Workshop, training: Generator[TrainingEvent, None, None], *, as_json: bool
) -> None:
    """An interruption keeps the best weights and says how to go on with them."""
    try:
        listen(training, as_json=as_json)
    except KeyboardInterrupt:
        _say_stopped(workshop)
        raise SystemExit(INTERRUPTED) from None
    run = workshop.current_run
    assert run is not None
    evaluation = listen(workshop.evaluate(run.id), as_json=as_json)
    if as_json:
        found = evaluation.model_dump(mode="json")["figures"]
        print_json({"kind": "result", "run": run.id, "folder": str(run.folder), "figures": found})
        return
    print_evaluation(evaluation)
    results.print(f"\nRun {run.id} in {shown(str(run.folder))}")
    results.print(f"Next: graftwork export {run.id} model.onnx", style="dim")


def _say_stopped(workshop: Workshop) -> None:
    run = workshop.current_run
    if run is None:
        messages.print("Stopped before there was a run.")
        return
    if run.validation_accuracy is None:
        messages.print(f"Stopped run {run.id} before its first epoch was done.")
    else:
        messages.print(f"Stopped. The best weights so far are kept in run {run.id}.")
    messages.print(f"To go on: graftwork resume {run.id}", style="dim")
