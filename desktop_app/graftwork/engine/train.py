"""Trains: a job goes in, events come out, and a folder keeps the best weights.

Closing the generator between two events stops the run; what was best until then is kept.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from pathlib import Path

import torch

from graftwork import __version__
from graftwork.data.pixels import Pixels
from graftwork.data.split import Split, make_split
from graftwork.files import write_text
from graftwork.plugin_api import Backbone, Phase, PhaseReport, Plan, Strategy
from graftwork.plugin_host.registry import Registry

from .best_weights import BestWeights
from .classifier import INFO_FILE, Classifier, ClassifierInfo, build_classifier
from .device import choose_device, device_name
from .errors import TrainingError
from .events import DataReady, Notice, RunEnded, RunStarted, TrainingEvent
from .heads.spec import head_spec
from .heap import keep_heap
from .job import TrainingJob
from .monitor import LoadMonitor
from .phases import run_phase
from .reading import read_pixels, samples
from .settings import strategy_settings
from .setup import TrainingSetup, chosen_augmentation, data_outline, model_outline

SPLIT_FILE = "split.json"


def train(
    job: TrainingJob, *, registry: Registry, folder: Path, weights: Path | None
) -> Generator[TrainingEvent, None, None]:
    """Train as the job says; ``weights`` is the backbone's file (None: start from random).

    The folder gets the best weights, the classifier's description and the split. Raises
    ``TrainingError``, ``DatasetError`` or ``UnknownNameError`` with a message for a person.
    """
    keep_heap()
    began = time.monotonic()
    backbone, strategy = registry.backbone(job.backbone), registry.strategy(job.strategy)
    settings = strategy_settings(strategy, job.strategy_settings)
    device = choose_device(job.training.device)
    yield _run_started(job, device)
    if strategy.pretrained and weights is None:
        yield _no_weights(backbone)
    pixels = yield from read_pixels(job, registry, backbone)
    split = make_split(
        pixels.catalog, validation=job.data.validation, test=job.data.test, seed=job.seed
    )
    yield _data_ready(pixels, split)
    classifier = _new_classifier(job, strategy, backbone, pixels, weights).to(device)
    _describe(classifier, pixels, split, folder)
    setup = _setup(job, strategy, classifier, pixels, split, folder, device)
    outlines = model_outline(classifier, backbone.features), data_outline(pixels.catalog, split)
    try:
        yield from _run_phases(setup, strategy, strategy.plan(settings, *outlines))
    except torch.OutOfMemoryError as error:
        raise _out_of_memory(job) from error
    finally:
        setup.best.write()
    yield _run_ended(setup.best, time.monotonic() - began)


def _run_phases(
    setup: TrainingSetup, strategy: Strategy, plan: Plan
) -> Generator[TrainingEvent, None, None]:
    number, report = 0, None
    while (phase := _next_phase(strategy, plan, report)) is not None:
        number += 1
        report = yield from run_phase(setup, phase, number)
    if report is None:
        msg = f"The strategy {strategy.name} gave no phase at all, so nothing was trained."
        raise TrainingError(msg)


def _next_phase(strategy: Strategy, plan: Plan, report: PhaseReport | None) -> Phase | None:
    try:
        phase = next(plan) if report is None else plan.send(report)
    except StopIteration:
        return None
    if not isinstance(phase, Phase):
        msg = f"The strategy {strategy.name} gave {phase!r} where a Phase is due."
        raise TrainingError(msg)
    return phase


def _new_classifier(
    job: TrainingJob, strategy: Strategy, backbone: Backbone, pixels: Pixels, weights: Path | None
) -> Classifier:
    info = ClassifierInfo(
        classes=pixels.catalog.classes,
        input=pixels.spec,
        backbone=backbone.name,
        strategy=job.strategy,
        head=head_spec(job.training, strategy),
        data_fingerprint=pixels.fingerprint,
        graftwork_version=__version__,
    )
    torch.manual_seed(job.seed)
    return build_classifier(backbone, info, weights).to(memory_format=torch.channels_last)


def _describe(classifier: Classifier, pixels: Pixels, split: Split, folder: Path) -> None:
    write_text(folder / INFO_FILE, classifier.info.model_dump_json(indent=2))
    catalog = pixels.catalog
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    paths = {
        name: [relative_path(catalog.items[row].path, catalog.root) for row in rows]
        for name, rows in parts.items()
    }
    write_text(folder / SPLIT_FILE, json.dumps(paths, ensure_ascii=False, indent=1))


def relative_path(path: Path, root: Path) -> str:
    """The path below the root with ``/`` between its parts; the whole path if it lies elsewhere."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _setup(
    job: TrainingJob,
    strategy: Strategy,
    classifier: Classifier,
    pixels: Pixels,
    split: Split,
    folder: Path,
    device: torch.device,
) -> TrainingSetup:
    return TrainingSetup(
        job=job,
        classifier=classifier,
        device=device,
        train=samples(pixels, split.train),
        validation=samples(pixels, split.validation),
        augmentation=chosen_augmentation(job, strategy),
        best=BestWeights(classifier, folder),
        monitor=LoadMonitor(device),
    )


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


def _out_of_memory(job: TrainingJob) -> TrainingError:
    return TrainingError(
        f"The memory of the GPU is too small for {job.training.batch_size} images at once: set a "
        "smaller batch_size, or a smaller backbone. The best weights until then are kept."
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
