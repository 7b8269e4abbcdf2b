"""Trains: a job goes in, events come out, and a folder keeps the best weights.

Closing the generator between two events stops the run; what was best until then is kept, and a
checkpoint from which it can go on.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import torch

from graftwork import __version__
from graftwork.data.pixels import Pixels
from graftwork.data.split import Split, make_split
from graftwork.plugin_api import AnyPhase, Backbone
from graftwork.plugin_host.registry import Registry

from .best_weights import BestWeights
from .checkpoints.files import Checkpoint, newest_checkpoint
from .checkpoints.keeper import EVERY_S, CheckpointKeeper
from .checkpoints.saving import load_run, save_checkpoint, surroundings
from .classifier import Classifier
from .cost.told import tell_estimate, tell_measured
from .device import choose_device, device_name
from .earlier_run import load_earlier
from .errors import TrainingError
from .events import DataReady, Notice, Resumed, RunEnded, RunStarted, TrainingEvent
from .heap import keep_heap
from .job import TrainingJob
from .phases import run_phase
from .planning import Planned
from .reading import read_pixels
from .settings import strategy_settings
from .setup import TrainingSetup, data_outline, model_outline
from .starting import describe, new_classifier, new_setup
from .stochastic_depth import set_stochastic_depth


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
    after ``checkpoint_every`` seconds at most. With ``resume`` the run goes on from the newest
    whole one there, and ends with the weights that it would have had without the interruption.
    Raises ``TrainingError``, ``DatasetError`` or ``UnknownNameError`` with a message for a person.
    """
    keep_heap()
    began = time.monotonic()
    backbone, strategy = registry.backbone(job.backbone), registry.strategy(job.strategy)
    settings = strategy_settings(strategy, job.strategy_settings)
    device = choose_device(job.training.device)
    keeper = CheckpointKeeper(folder, checkpoint_every)
    checkpoint = (yield from _newest(keeper, device)) if resume else None
    yield _run_started(job, device)
    if strategy.pretrained and weights is None and job.start is None:
        yield _no_weights(backbone)
    pixels = yield from read_pixels(job, registry, backbone)
    split = make_split(
        pixels.catalog, validation=job.data.validation, test=job.data.test, seed=job.seed
    )
    yield _data_ready(pixels, split)
    classifier = new_classifier(job, backbone, strategy, pixels, weights).to(device)
    if job.start:
        yield Notice(level="info", text=load_earlier(classifier, job.start))
    yield from _skip_blocks(classifier, job.training.stochastic_depth)
    describe(classifier, pixels, split, folder)
    setup = new_setup(job, strategy, classifier, pixels, split, folder, device, keeper)
    outlines = model_outline(classifier, backbone.features), data_outline(pixels.catalog, split)

    def plan() -> Planned:
        return Planned(strategy, settings, *outlines)

    estimated = yield from tell_estimate(setup, plan)
    started = time.monotonic()
    try:
        yield from _run_phases(setup, plan(), checkpoint)
    except torch.OutOfMemoryError as error:
        raise _out_of_memory(job) from error
    finally:
        setup.best.write()
    yield from tell_measured(estimated, started, folder)
    keeper.remove()
    yield _run_ended(setup.best, time.monotonic() - began)


def _run_phases(
    setup: TrainingSetup, planned: Planned, checkpoint: Checkpoint | None
) -> Generator[TrainingEvent, None, None]:
    phase, midway = yield from _first_phase(setup, planned, checkpoint)
    while phase is not None:
        report = yield from run_phase(setup, phase, planned.number, midway)
        setup.reports.append(report)
        yield from save_checkpoint(setup, None)
        phase, midway = planned.next(report), None
    if not setup.reports:
        msg = f"The strategy {setup.job.strategy} gave no phase at all, so nothing was trained."
        raise TrainingError(msg)


def _first_phase(
    setup: TrainingSetup, planned: Planned, checkpoint: Checkpoint | None
) -> Generator[TrainingEvent, None, tuple[AnyPhase | None, Checkpoint | None]]:
    """The phase to begin or to go on with; the checkpoint, if that is in the midst of it."""
    if checkpoint is None:
        return planned.next(None), None
    progress = checkpoint.progress
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
    keeper: CheckpointKeeper, device: torch.device
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
    if surroundings(device) != before:
        yield _other_surroundings()
    return found.checkpoint


def _skip_blocks(classifier: Classifier, rate: float | None) -> Generator[Notice, None, None]:
    if rate is not None and set_stochastic_depth(classifier.stages, rate) == 0:
        text = "This backbone has no blocks that can be skipped: stochastic_depth does nothing."
        yield Notice(level="warning", text=text)


def _run_started(job: TrainingJob, device: torch.device) -> RunStarted:
    return RunStarted(
        backbone=job.backbone,
        strategy=job.strategy,
        device=device.type,
        device_name=device_name(device),
        threads=torch.get_num_threads(),
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


def _out_of_memory(job: TrainingJob) -> TrainingError:
    return TrainingError(
        f"The memory is too small for {job.training.batch_size} images at once: set a smaller "
        "batch_size, accumulate=4 (the same result in smaller parts), or a smaller backbone. The "
        "best weights until then are kept."
    )


def _no_weights(backbone: Backbone) -> Notice:
    text = (
        f"{backbone.title} has no pretrained weights: everything starts from random numbers, "
        "which only the strategy from-scratch is made for."
    )
    return Notice(level="warning", text=text)


def _data_ready(pixels: Pixels, split: Split) -> DataReady:
    return DataReady(
        classes=pixels.catalog.classes,
        train=len(split.train),
        validation=len(split.validation),
        test=len(split.test),
        data_fingerprint=pixels.fingerprint,
    )


def _run_ended(best: BestWeights, seconds: float) -> RunEnded:
    score = best.rank[0] if best.rank else 0.0
    return RunEnded(phase=best.phase, epoch=best.epoch, score=score, seconds=seconds)
