"""Trains: a job goes in, events come out, and a folder keeps the best weights.

Closing the generator between two events stops the run; what was best until then is kept, and a
checkpoint from which it can go on.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from graftwork import __version__
from graftwork.memory import is_out_of_memory
from graftwork.plugin_api import AnyPhase
from graftwork.plugin_host.registry import Registry

from .best_weights import BestWeights
from .checkpoints.files import Checkpoint, newest_checkpoint
from .checkpoints.keeper import EVERY_S, CheckpointKeeper
from .checkpoints.saving import load_run, save_checkpoint, surroundings
from .cost.told import tell_estimate, tell_measured
from .device import choose_device, device_name
from .errors import TrainingError
from .events import Notice, Resumed, RunEnded, RunStarted, TrainingEvent
from .heap import keep_heap
from .job import TrainingJob
from .learning.first_layer import random_first_layer
from .monitor import with_load
from .phases import run_phase
from .planning import Planned
from .setup import TrainingSetup
from .speed.processes import Processes, join_processes
from .squashed_turns import squashed_turns
from .starting import StartedRun, describe, start_run


def train(
    job: TrainingJob,
    *,
    registry: Registry,
    folder: Path,
    weights: Path | None,
    resume: bool = False,
    checkpoint_every: float = EVERY_S,
) -> Generator[TrainingEvent, None, None]:
    """Train as the job says; ``weights`` is the backbone's file (None: start from random).

    The folder gets the best weights, the classifier's description, the split, and a checkpoint
    after ``checkpoint_every`` seconds at most; the last ones stay until the caller has noted the
    end. With ``resume`` the run goes on from the newest whole one there, and ends with the weights
    that it would have had without the interruption.
    Raises ``TrainingError``, ``DatasetError`` or ``UnknownNameError`` with a message for a person.
    """
    keep_heap()
    registry.backbone(job.backbone)  # a name that is unknown is said before anything else
    try:
        with join_processes(choose_device(job.training.device)) as processes:
            keeper = CheckpointKeeper(folder, checkpoint_every, writes=processes.is_first)
            checkpoint = (yield from _newest(keeper, processes)) if resume else None
            yield _run_started(job, processes)
            events = _run(job, registry, weights, keeper, processes, checkpoint)
            yield from with_load(events, processes.device)
    finally:
        torch.cuda.empty_cache()  # the window stays, and other programs need the GPU


def _run(
    job: TrainingJob,
    registry: Registry,
    weights: Path | None,
    keeper: CheckpointKeeper,
    processes: Processes,
    checkpoint: Checkpoint | None,
) -> Generator[TrainingEvent, None, None]:
    began = time.monotonic()
    with _advice_on_memory(job):
        started = yield from start_run(job, registry, weights, keeper, processes)
        describe(started)
        yield from _doubts(started)
        estimated = yield from tell_estimate(started.setup, started.plan)
        at_work = time.monotonic()
        yield from _trained(started, checkpoint)
    yield from tell_measured(estimated, at_work, keeper.run_folder)
    yield _run_ended(started.setup.best, time.monotonic() - began)


@contextmanager
def _advice_on_memory(job: TrainingJob) -> Iterator[None]:
    """Memory that ran out becomes a ``TrainingError`` that says what to do."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise _out_of_memory(job) from error
        raise


def _doubts(started: StartedRun) -> Iterator[Notice]:
    """What is worth a warning before anything is trained; a plan that fails is told of later."""
    job, items = started.setup.job, started.images.pixels.catalog.items
    images = [items[row].path for row in started.images.split.train]
    yield from squashed_turns(job.training, started.setup.augmentation, images)
    if job.training.first_layer == "new" and job.start is None:
        with suppress(TrainingError):
            phases = list(started.plan().expected())
            yield from random_first_layer(started.setup.classifier, phases)


def _trained(
    started: StartedRun, checkpoint: Checkpoint | None
) -> Generator[TrainingEvent, None, None]:
    """Go through the plan; whatever ends it, the best weights are on the disk."""
    try:
        yield from _run_phases(started.setup, started.plan(), checkpoint)
    finally:
        started.setup.best.write()


def _run_phases(
    setup: TrainingSetup, planned: Planned, checkpoint: Checkpoint | None
) -> Generator[TrainingEvent, None, None]:
    phase, midway = yield from _first_phase(setup, planned, checkpoint)
    while phase is not None:
        report = yield from run_phase(setup, phase, planned.number, midway)
        setup.reports.append(report)
        yield from save_checkpoint(setup, None)
        phase, midway = planned.next(report), None
    if not any(report.epochs_run for report in setup.reports):
        msg = f"The strategy {setup.job.strategy} gave no phase that trains: nothing was learned."
        raise TrainingError(msg)


def _first_phase(
    setup: TrainingSetup, planned: Planned, checkpoint: Checkpoint | None
) -> Generator[TrainingEvent, None, tuple[AnyPhase | None, Checkpoint | None]]:
    """The phase to begin or to go on with; the checkpoint, if that is in the midst of it."""
    if checkpoint is None:
        return planned.next(None), None
    progress = checkpoint.progress
    if progress.first_weights != setup.first_weights:
        raise _other_weights(setup.classifier.info.backbone)
    reports, phase = planned.replay(progress.reports)
    setup.reports.extend(reports)
    load_run(setup, checkpoint)
    yield Resumed(
        checkpoint=progress.number,
        phase=planned.number,
        epoch=progress.phase.epoch if progress.phase else 0,
        step=progress.phase.step if progress.phase else 0,
    )
    return phase, checkpoint if progress.phase else None


def _newest(
    keeper: CheckpointKeeper, processes: Processes
) -> Generator[Notice, None, Checkpoint | None]:
    """The checkpoint to go on from, with this process made like the one that wrote it."""
    found = newest_checkpoint(keeper.folder)
    for trouble in found.damaged:
        text = f"A checkpoint is damaged ({trouble}); the run goes on from the one before."
        yield Notice(level="warning", text=text)
    if found.checkpoint is None:
        text = "The run has no checkpoint to go on from: it begins anew."
        yield Notice(level="info", text=text)
        return None
    before = found.checkpoint.progress.surroundings
    torch.set_num_threads(before.threads)
    if surroundings(processes) != before:
        yield _other_surroundings()
    return found.checkpoint


def _run_started(job: TrainingJob, processes: Processes) -> RunStarted:
    device = processes.device
    return RunStarted(
        backbone=job.backbone,
        strategy=job.strategy,
        device=device.type,
        device_name=device_name(device),
        threads=torch.get_num_threads(),
        processes=processes.count,
        graftwork_version=__version__,
        torch_version=torch.__version__,
    )


def _other_surroundings() -> Notice:
    text = (
        "The run was begun on another device or with other versions of the program or of torch: "
        "it goes on, but its weights may differ in their last digits from those that it would "
        "have reached there."
    )
    return Notice(level="warning", text=text)


def _other_weights(backbone: str) -> TrainingError:
    return TrainingError(
        f"The run began with other weights than {backbone} has now: its file or its plugin has "
        "changed since, so what the run has learned does not fit. Put the file or the plugin back "
        "as it was, or train anew."
    )


def _out_of_memory(job: TrainingJob) -> TrainingError:
    return TrainingError(
        f"The memory is too small for {job.training.batch_size} images at once: set a smaller "
        "batch_size, accumulate=4 (the same result in smaller parts), or a smaller backbone. The "
        "best weights until then are kept."
    )


def _run_ended(best: BestWeights, seconds: float) -> RunEnded:
    score = best.rank[0] if best.rank else 0.0
    return RunEnded(phase=best.phase, epoch=best.epoch, score=score, seconds=seconds)
