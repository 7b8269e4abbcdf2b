"""Gathers a checkpoint from a run at work, and gives a run what a checkpoint kept."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from graftwork import __version__

from ..device import device_name
from ..events import CheckpointWritten, Notice, TrainingEvent
from ..speed.processes import Processes
from .files import Checkpoint
from .progress import PhaseProgress, ReportFigures, RunProgress, Surroundings
from .tensors import (
    below,
    load_optimizer,
    load_random,
    optimizer_tensors,
    random_tensors,
    with_prefix,
)

if TYPE_CHECKING:
    from ..setup import TrainingSetup
    from ..steps import PhaseRun


def save_checkpoint(
    setup: TrainingSetup, run: PhaseRun | None
) -> Generator[TrainingEvent, None, None]:
    """Write a checkpoint of the run in this phase (None: between two phases).

    A disk that does not take it is a warning: training goes on, and tries again later.
    """
    try:
        write(setup, run)
    except OSError as error:
        yield _not_written(setup, error)
    else:
        yield CheckpointWritten(number=setup.checkpoints.number)


def write(setup: TrainingSetup, run: PhaseRun | None) -> None:
    """Write a checkpoint; raises ``OSError``."""
    setup.checkpoints.write(_checkpoint(setup, run))


def surroundings(processes: Processes) -> Surroundings:
    """What decides the last bit of a result here, besides the job."""
    return Surroundings(
        graftwork=__version__,
        torch=torch.__version__,
        device=device_name(processes.device),
        threads=torch.get_num_threads(),
        processes=processes.count,
    )


def load_run(setup: TrainingSetup, checkpoint: Checkpoint) -> None:
    """Give the run its best weights as the checkpoint kept them."""
    progress = checkpoint.progress
    setup.checkpoints.number = progress.number
    setup.best.load(progress.best, below("best", checkpoint.tensors))


def load_model(setup: TrainingSetup, checkpoint: Checkpoint) -> None:
    """Give the classifier the weights of the moment, in the midst of a phase.

    The phase's additions to the network must be there already.
    """
    setup.classifier.load_state_dict(below("model", checkpoint.tensors), strict=False)


def load_phase(setup: TrainingSetup, run: PhaseRun, checkpoint: Checkpoint) -> None:
    """Give the phase its progress, optimizer, average and random states."""
    assert checkpoint.progress.phase
    run.progress = checkpoint.progress.phase
    load_optimizer(run.optimizer, below("optimizer", checkpoint.tensors))
    if run.progress.scaler and run.scaler.is_enabled():  # else another device wrote it
        run.scaler.load_state_dict(dict(run.progress.scaler))
    if run.averager:
        run.averager.load(below("average", checkpoint.tensors))
    first = below("first", checkpoint.tensors)
    run.first = {name: value.to(setup.device) for name, value in first.items()}
    load_random(checkpoint.tensors, setup.device)


def _checkpoint(setup: TrainingSetup, run: PhaseRun | None) -> Checkpoint:
    progress = RunProgress(
        number=setup.checkpoints.number + 1,
        first_weights=setup.first_weights,
        surroundings=surroundings(setup.processes),
        reports=tuple(ReportFigures.of(report) for report in setup.reports),
        best=setup.best.progress(),
        phase=_phase_progress(run) if run else None,
    )
    tensors = with_prefix("best", setup.best.tensors())
    if run:
        tensors |= _phase_tensors(setup, run)
    return Checkpoint(progress=progress, tensors=tensors)


def _phase_progress(run: PhaseRun) -> PhaseProgress:
    return run.progress.model_copy(update={"scaler": run.scaler.state_dict()})


def _phase_tensors(setup: TrainingSetup, run: PhaseRun) -> dict[str, Tensor]:
    state = setup.classifier.state_dict()
    tensors = {
        **with_prefix("model", {k: v for k, v in state.items() if setup.best.changing(k)}),
        **with_prefix("optimizer", optimizer_tensors(run.optimizer)),
        **with_prefix("first", run.first),
        **random_tensors(setup.device),
    }
    return tensors | (with_prefix("average", run.averager.state()) if run.averager else {})


def _not_written(setup: TrainingSetup, error: OSError) -> Notice:
    text = (
        f"The checkpoint could not be written to {setup.checkpoints.folder} "
        f"({error.strerror or error}). Training goes on, and the checkpoint before stays; if the "
        "program ends before the next one is written, the run goes on from there."
    )
    return Notice(level="warning", text=text)
