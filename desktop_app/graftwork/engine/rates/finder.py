"""Finds a learning rate: steps of a phase while its rates rise, until the loss leaves its lowest.

Everything is done as a training would do it, in a folder that does not stay.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from pydantic import BaseModel
from torch import Tensor

from graftwork.engine.checkpoints.keeper import CheckpointKeeper
from graftwork.engine.device import choose_device
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import TrainingEvent
from graftwork.engine.freezing import set_modes
from graftwork.engine.heap import keep_heap
from graftwork.engine.job import TrainingJob
from graftwork.engine.kinds.gradient_beginning import begin_gradient_phase
from graftwork.engine.optimizer import set_rates
from graftwork.engine.phases import run_phase
from graftwork.engine.planning import Planned
from graftwork.engine.setup import TrainingSetup
from graftwork.engine.speed.processes import Processes
from graftwork.engine.starting import StartedRun, start_run
from graftwork.engine.steps import PhaseRun, epoch_batches, epoch_seed, learn_batch, own_batch
from graftwork.plugin_api import AnyPhase, GraftworkError, Phase, PhaseReport
from graftwork.plugin_host.registry import Registry

from .curve import RateCurve, RatePoint, measure_curve, read_curve
from .suggestion import Rates, RateSuggestion, settings_for

_LOOK_AHEAD = 10

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
        loss, _, _ = learn_batch(setup, run, own_batch(setup, run, next(batches)))
        return float(loss)

    return read_curve((yield from measure_curve(step)))


def _find(
    job: TrainingJob, registry: Registry, weights: Path | None, number: int | None, folder: Path
) -> Finding:
    alone = Processes(device=choose_device(job.training.device))
    started = yield from start_run(job, registry, weights, CheckpointKeeper(folder), alone)
    setup = started.setup
    planned = started.plan()
    phase, reports = yield from _reach(setup, planned, number)
    run = yield from begin_gradient_phase(setup, phase, len(reports) + 1, None)
    curve = yield from find_rate_of(setup, run)
    found = RateSuggestion(
        phase=phase.name,
        rates=dict(phase.rates),
        curve=curve,
        settings={},
        next_phase=_next_with_rates(planned, phase),
    )
    if curve.suggested is None:
        return found
    said = settings_for(
        curve.suggested / found.highest,
        started.checked.settings,
        _rates_by_settings(started, reports),
        _leaves_phases_before(started, reports),
    )
    return replace(found, settings=said)


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


def _next_with_rates(planned: Planned, phase: AnyPhase) -> int | None:
    """The number of the next phase that learns by gradients, if all goes well until then."""
    with suppress(GraftworkError):  # what was found so far is worth telling
        for _ in range(_LOOK_AHEAD):
            following = planned.next_if_it_gains(phase)
            if following is None or isinstance(following, Phase):
                return planned.number if following else None
            phase = following
    return None


def _nothing_to_find(strategy: str, number: int | None) -> TrainingError:
    what = "no phase" if number is None else f"no phase {number}"
    return TrainingError(
        f"The strategy {strategy} has {what} that learns by gradients (a solved head has no "
        "rate), so there is no rate to find."
    )


def _endless_batches(setup: TrainingSetup, run: PhaseRun) -> Iterator[Tensor]:
    """The places of each step, epoch after epoch, as the training will have them."""
    for epoch in count(1):
        run.progress = run.progress.model_copy(update={"epoch": epoch})
        torch.manual_seed(epoch_seed(setup, run))
        yield from epoch_batches(setup, run)


def _rates_by_settings(
    started: StartedRun, reports: Sequence[PhaseReport]
) -> Callable[[BaseModel], Rates]:
    """Asks the strategy which rates the phase after these reports would have."""

    def rates(settings: BaseModel) -> Rates:
        phase = _phases(started, settings, reports)[-1]
        return phase.rates if isinstance(phase, Phase) else {}

    return rates


def _leaves_phases_before(
    started: StartedRun, reports: Sequence[PhaseReport]
) -> Callable[[BaseModel], bool]:
    """Asks the strategy whether the phases of these reports would be the same."""
    before = [report.phase for report in reports]

    def leaves(settings: BaseModel) -> bool:
        return _phases(started, settings, reports)[:-1] == before

    return leaves


def _phases(
    started: StartedRun, settings: BaseModel, reports: Sequence[PhaseReport]
) -> list[AnyPhase | None]:
    """The phases of these reports and the one after them; None alone if the strategy fails."""
    planned = started.plan(settings)
    try:
        return [planned.next(report) for report in (None, *reports)]
    except TrainingError:
        return [None]
