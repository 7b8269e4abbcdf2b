"""Adds up what a plan of phases will cost at most, from what one image costs in each stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import psutil

from graftwork.plugin_api import SWA, AnyPhase, MeasuredStages, Phase, SolvedHead, WiSE

from ..averaging import following_norms
from ..freezing import check_phase, frozen_prefix
from ..frozen.plan import FrozenPlan, plan_frozen
from ..frozen.probing import Probe, probe
from ..frozen.store import LIMIT
from ..job import START_FOLDER
from ..kinds.measured_stages import GRADIENT_BATCH
from ..learning.choices import with_user_choices
from ..learning.sample import SAMPLE_FILE
from ..planning import Planned
from ..setup import TrainingSetup
from .kept import Kept, cache_bytes, kept_by, passes_seconds
from .solving import solving_seconds
from .stages import StageCost, forward_seconds, stage_costs

_BACKWARD = 2.0
"""A backward pass takes about two forward passes: one product for inputs, one for weights."""
_KEPT_COPIES = 4
"""Gradient, two moments of the optimizer, and the best weights."""
_CHECKPOINTS = 2
_CALLS = 4
"""Of every layer in a step: forward, backward for inputs and for weights, and the optimizer's."""
START_S = 5.0
"""Until engines are built and files are opened."""
_HEAP = 1.2
"""What the heap takes of what is asked of it: freed pieces are kept, and do not fit all that is
asked for later. Up to a sixth more was seen on processors."""
_ENGINES_BYTES = 256 * 2**20
"""What engines for frozen stages, and buffers, take beside weights and activations."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Time, memory of the process at its peak, disk for the run's folder and for its caches."""

    seconds: float = 0.0
    memory_bytes: float = 0.0
    disk_bytes: float = 0.0
    cache_bytes: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is known of the network from a few of the user's own images."""

    stages: Sequence[StageCost]
    probe: Probe


@dataclass(frozen=True, kw_only=True)
class _PhaseCost:
    """Of one phase; ``seconds`` are without those for computing what is ``kept``.

    Checkpoints of one phase take the place of those before, weights of epochs do not.
    """

    seconds: float
    memory_bytes: float
    checkpoint_bytes: float = 0.0
    epoch_bytes: float = 0.0
    kept: Kept | None = None


def estimate(setup: TrainingSetup, plan: Callable[[], Planned]) -> Cost:
    """What the run will cost at most: every phase does all its epochs, and each one gains.

    ``plan`` gives the strategy's plan anew, since asking for its phases uses it up. Raises
    ``TrainingError`` where it makes no sense, or would never end.
    """
    classifier = setup.classifier
    found = probe(classifier, setup.train, len(classifier.stages))  # first: the stages are timed
    measured = Measured(stages=stage_costs(classifier, setup.train, setup.device), probe=found)
    costs = [_cost(setup, measured, phases) for phases in _courses(plan)]
    return Cost(**{f.name: max(getattr(cost, f.name) for cost in costs) for f in fields(Cost)})


def _courses(plan: Callable[[], Planned]) -> list[list[AnyPhase]]:
    """What the plan may come to: which stages it measures highest decides what learns."""
    course = list(plan().expected())
    if not any(isinstance(phase, MeasuredStages) for phase in course):
        return [course]
    return [list(plan().expected(neediest)) for neediest in range(max(1, plan().measurable))]


def _cost(setup: TrainingSetup, measured: Measured, course: Iterable[AnyPhase]) -> Cost:
    phases = [_phase_cost(setup, measured, phase) for phase in course]
    kept = [phase.kept for phase in phases if phase.kept]
    return Cost(
        seconds=START_S
        + sum(phase.seconds for phase in phases)
        + passes_seconds(measured.stages, kept),
        memory_bytes=psutil.Process().memory_info().rss
        + _ENGINES_BYTES
        + max((phase.memory_bytes for phase in phases), default=0.0),
        disk_bytes=_begun_with_bytes(setup.folder)
        + _weight_bytes(measured.stages)
        + sum(phase.epoch_bytes for phase in phases)
        + max((phase.checkpoint_bytes for phase in phases), default=0.0),
        cache_bytes=cache_bytes(kept),
    )


def _phase_cost(setup: TrainingSetup, measured: Measured, phase: AnyPhase) -> _PhaseCost:
    check_phase(phase, setup.classifier)
    match phase:
        case Phase():
            return _gradient_cost(setup, measured, with_user_choices(phase, setup.job.training))
        case MeasuredStages():
            return _measuring_cost(setup, measured, phase)
        case SolvedHead():
            return _solving_cost(setup, measured, phase)
        case _:
            return _frozen_cost(setup, measured)


def _measuring_cost(setup: TrainingSetup, measured: Measured, phase: MeasuredStages) -> _PhaseCost:
    """All stages forward and backward, without a step, and a validation."""
    train, held_out = min(phase.images, len(setup.train.labels)), len(setup.validation.labels)
    return _PhaseCost(
        seconds=((1 + _BACKWARD) * train + held_out) * forward_seconds(measured.stages),
        memory_bytes=_learning_bytes(min(train, GRADIENT_BATCH), measured.stages),
    )


def _solving_cost(setup: TrainingSetup, measured: Measured, phase: SolvedHead) -> _PhaseCost:
    """Once for each strength, and once more for all images that are not for testing."""
    frozen, boundaries = _frozen_cost(setup, measured), measured.probe.boundaries
    if len(boundaries) < len(setup.classifier.stages):
        return frozen  # such a network's features cannot be kept: that is said in the phase
    features, classes = boundaries[-1].shape[0], len(setup.classifier.info.classes)
    solved = len(phase.strengths) + phase.refit
    solving = solving_seconds(_images(setup), features, classes, solved, setup.device)
    return replace(frozen, seconds=frozen.seconds + solving)


def _frozen_cost(setup: TrainingSetup, measured: Measured) -> _PhaseCost:
    """All images go through the backbone once; what comes after takes no time."""
    images = _images(setup) + len(setup.test.labels)
    kept = Kept(images=images, boundaries=measured.probe.boundaries[-1:])
    return _PhaseCost(
        seconds=images * forward_seconds(measured.stages[-1:]),
        memory_bytes=_mapped_bytes(sum(kept.sizes.values())),
        kept=kept,
    )


def _gradient_cost(setup: TrainingSetup, measured: Measured, phase: Phase) -> _PhaseCost:
    """What is computed once goes through the stages below once, and all else in every epoch."""
    level = phase.augmentation or setup.augmentation
    plan = plan_frozen(setup, phase, level, LIMIT, measured.probe)
    kept = kept_by(plan) if isinstance(plan, FrozenPlan) else None
    computed = kept.needed if kept else 0
    place = frozen_prefix(setup.classifier, phase)
    above = measured.stages[place:]
    learning = _weight_bytes(stage for stage in measured.stages if stage.name in phase.rates)
    epochs_kept = phase.epochs if setup.job.training.keep_epochs else 0
    return _PhaseCost(
        seconds=phase.epochs * _images(setup) * forward_seconds(measured.stages[computed:place])
        + phase.epochs * _epoch_seconds(setup, above)
        + _averaging_seconds(setup, measured.stages, phase),
        memory_bytes=_KEPT_COPIES * learning
        + _learning_bytes(setup.job.training.batch_size, above)
        + _mapped_bytes(sum(kept.sizes.values()) if kept else setup.pixel_bytes),
        checkpoint_bytes=_CHECKPOINTS * _KEPT_COPIES * learning,
        epoch_bytes=epochs_kept * _weight_bytes(measured.stages),
        kept=kept,
    )


def _begun_with_bytes(folder: Path) -> int:
    """Of what a run keeps from its beginning: what a fork starts from, and a sample of images."""
    files = [folder / SAMPLE_FILE, *(folder / START_FOLDER).glob("**/*")]
    return sum(file.stat().st_size for file in files if file.is_file())


def _weight_bytes(stages: Iterable[StageCost]) -> int:
    return sum(stage.weight_bytes for stage in stages)


def _epoch_seconds(setup: TrainingSetup, stages: Sequence[StageCost]) -> float:
    """Of stages through which every step goes, forward and backward, and validation."""
    train, held_out = len(setup.train.labels), len(setup.validation.labels)
    steps = math.ceil(train / setup.job.training.batch_size)
    images = (1 + _BACKWARD) * train + held_out
    return sum(images * stage.seconds + steps * _CALLS * stage.call_seconds for stage in stages)


def _learning_bytes(images: int, stages: Sequence[StageCost]) -> float:
    """What a step of so many images keeps of these stages until its backward pass."""
    return _HEAP * images * sum(stage.activation_bytes for stage in stages)


def _mapped_bytes(size: int) -> float:
    """What of files of this size is in memory: the system lets go of the rest if it needs room."""
    return min(size, psutil.virtual_memory().available / 2)


def _averaging_seconds(setup: TrainingSetup, stages: Sequence[StageCost], phase: Phase) -> float:
    """Of passes that only averages need: batch statistics anew, mixtures to be validated."""
    train, held_out = len(setup.train.labels), len(setup.validation.labels)
    match phase.averaging:
        case SWA(start=start) if following_norms(setup.classifier, phase):
            images = (1 - start) * phase.epochs * train
        case WiSE(parts=parts):
            images = (1 + len(parts)) * held_out
        case _:
            images = 0
    return images * forward_seconds(stages)


def _images(setup: TrainingSetup) -> int:
    return len(setup.train.labels) + len(setup.validation.labels)
