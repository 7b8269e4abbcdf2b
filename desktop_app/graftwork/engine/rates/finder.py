"""Finds a learning rate: steps of a phase while its rates rise, until the loss leaves its lowest.

Everything is done as a training would do it, in a folder that does not stay.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from pydantic import BaseModel
from torch import Tensor

from graftwork.data.augmentation import sample_seed
from graftwork.data.split import make_split
from graftwork.engine.checkpoints.keeper import CheckpointKeeper
from graftwork.engine.device import choose_device
from graftwork.engine.earlier_run import load_earlier
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import Notice, TrainingEvent
from graftwork.engine.freezing import changing_stages, set_modes
from graftwork.engine.heap import keep_heap
from graftwork.engine.job import TrainingJob
from graftwork.engine.kinds.gradient_phase import _begin, _importance, _prepare
from graftwork.engine.learning.choices import with_user_choices
from graftwork.engine.loss.sampling import epoch_order
from graftwork.engine.optimizer import set_rates
from graftwork.engine.phases import run_phase
from graftwork.engine.planning import Planned
from graftwork.engine.reading import read_pixels
from graftwork.engine.settings import strategy_settings
from graftwork.engine.setup import TrainingSetup, data_outline, model_outline
from graftwork.engine.starting import new_classifier, new_setup
from graftwork.engine.steps import PhaseRun, _changed, _learn
from graftwork.engine.stochastic_depth import set_stochastic_depth
from graftwork.plugin_api import AnyPhase, DataOutline, ModelOutline, Phase, PhaseReport, Strategy
from graftwork.plugin_host.registry import Registry

from .curve import RateCurve, RatePoint, measure_curve, read_curve
from .suggestion import Rates, RateSuggestion, settings_for

Outlines = tuple[ModelOutline, DataOutline]
Finding = Generator[TrainingEvent | RatePoint, None, RateSuggestion]


def find_rate(
    job: TrainingJob, *, registry: Registry, weights: Path | None, phase: int | None = None
) -> Finding:
    """Try rates in the first phase that learns by gradients, or in the ``phase`` of this number.

    The phases before it are trained. Nothing stays on the disk but what every training leaves in
    the caches. Raises what ``train`` raises, and ``TrainingError`` if there is no such phase.
    """
    keep_heap()
    with TemporaryDirectory(prefix="graftwork-rate-") as folder:
        return (yield from _find(job, registry, weights, phase, Path(folder)))


def find_rate_of(setup: TrainingSetup, run: PhaseRun) -> Generator[RatePoint, None, RateCurve]:
    """The curve of a phase that is about to begin; its stages' rates keep their proportions."""
    set_modes(setup.classifier, run.phase)
    batches, peaks = _endless_batches(setup, run), run.phase.rates
    highest = max(peaks.values())

    def step(rate: float) -> float:
        set_rates(run.optimizer, {stage: peak * rate / highest for stage, peak in peaks.items()})
        return _learn_batch(setup, run, next(batches))

    return read_curve((yield from measure_curve(step)))


def _find(
    job: TrainingJob, registry: Registry, weights: Path | None, number: int | None, folder: Path
) -> Finding:
    strategy = registry.strategy(job.strategy)
    settings = strategy_settings(strategy, job.strategy_settings)
    setup, outlines = yield from _set_up(job, registry, weights, folder)
    phase, reports = yield from _reach(setup, Planned(strategy, settings, *outlines), number)
    run = yield from _begin_phase(setup, phase, len(reports) + 1)
    curve = yield from find_rate_of(setup, run)
    found = RateSuggestion(phase=phase.name, rates=dict(phase.rates), curve=curve, settings={})
    if curve.suggested is None:
        return found
    rates_of = _rates_by_settings(strategy, outlines, reports)
    said = settings_for(curve.suggested / found.highest, settings, rates_of)
    return replace(found, settings=said)


def _set_up(
    job: TrainingJob, registry: Registry, weights: Path | None, folder: Path
) -> Generator[TrainingEvent, None, tuple[TrainingSetup, Outlines]]:
    backbone, strategy = registry.backbone(job.backbone), registry.strategy(job.strategy)
    device = choose_device(job.training.device)
    pixels = yield from read_pixels(job, registry, backbone)
    split = make_split(
        pixels.catalog, validation=job.data.validation, test=job.data.test, seed=job.seed
    )
    classifier = new_classifier(job, backbone, strategy, pixels, weights).to(device)
    if job.start:
        yield Notice(level="info", text=load_earlier(classifier, job.start))
    if job.training.stochastic_depth is not None:
        set_stochastic_depth(classifier.stages, job.training.stochastic_depth)
    keeper = CheckpointKeeper(folder)
    setup = new_setup(job, strategy, classifier, pixels, split, folder, device, keeper)
    model = model_outline(classifier, backbone.features)
    return setup, (model, data_outline(pixels.catalog, split))


def _reach(
    setup: TrainingSetup, planned: Planned, number: int | None
) -> Generator[TrainingEvent, None, tuple[Phase, list[PhaseReport]]]:
    """The phase that is asked for, and the reports of those before it, which are trained."""
    phase = planned.next(None)
    while phase is not None and not _is_wanted(phase, planned.number, number):
        report = yield from run_phase(setup, phase, planned.number, None)
        setup.reports.append(report)
        phase = planned.next(report)
    if not isinstance(phase, Phase):
        raise _nothing_to_find(setup.job.strategy, number)
    return phase, setup.reports


def _is_wanted(phase: AnyPhase, at: int, number: int | None) -> bool:
    return isinstance(phase, Phase) if number is None else at == number


def _nothing_to_find(strategy: str, number: int | None) -> TrainingError:
    what = "no phase" if number is None else f"no phase {number}"
    return TrainingError(
        f"The strategy {strategy} has {what} that learns by gradients (a solved head has no "
        "rate), so there is no rate to find."
    )


def _begin_phase(
    setup: TrainingSetup, wanted: Phase, number: int
) -> Generator[TrainingEvent, None, PhaseRun]:
    """All that a phase does before its first step."""
    phase = with_user_choices(wanted, setup.job.training)
    importance = yield from _importance(setup, phase)
    setup.best.begin_phase(changing_stages(setup.classifier, phase))
    first = setup.best.tensors()
    yield from _begin(setup, phase, number, None)
    return (yield from _prepare(setup, phase, number, first, importance))


def _endless_batches(setup: TrainingSetup, run: PhaseRun) -> Iterator[Tensor]:
    """The places of each step, epoch after epoch, as the training will have them."""
    training = setup.job.training
    for epoch in count(1):
        run.progress = run.progress.model_copy(update={"epoch": epoch})
        seed = sample_seed(setup.job.seed, run.number, epoch)
        torch.manual_seed(seed)
        order = epoch_order(run.inputs.train(epoch).labels, training.sampling, seed)
        yield from order.split(training.batch_size)[: run.batches]


def _learn_batch(setup: TrainingSetup, run: PhaseRun, places: Tensor) -> float:
    """One step on the images at these places; their mean loss before it."""
    samples = run.inputs.train(run.progress.epoch)
    labels = samples.labels[places].to(setup.device)
    inputs = samples.batch(places).to(setup.device)
    loss, _ = _learn(setup, run, *_changed(setup, run, inputs, labels, places))
    return float(loss)


def _rates_by_settings(
    strategy: Strategy, outlines: Outlines, reports: Sequence[PhaseReport]
) -> Callable[[BaseModel], Rates]:
    """Asks the strategy which rates the phase after these reports would have."""

    def rates(settings: BaseModel) -> Rates:
        planned = Planned(strategy, settings, *outlines)
        try:
            phase = planned.next(None)
            for report in reports:
                phase = planned.next(report)
        except TrainingError:
            return {}
        return phase.rates if isinstance(phase, Phase) else {}

    return rates
