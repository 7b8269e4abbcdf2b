"""Adds up what a plan of phases will cost at most, from what one image costs in each stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psutil

from graftwork.plugin_api import SWA, AnyPhase, MeasuredStages, Phase, WiSE

from ..averaging import following_norms
from ..freezing import check_phase, frozen_prefix
from ..frozen.store import LIMIT
from ..frozen.views import chosen_views
from ..learning.choices import chosen_augment, with_user_choices
from ..planning import Planned
from ..setup import TrainingSetup
from .trial import StageCost, stage_costs

_BACKWARD = 2.0
"""A backward pass takes about two forward passes: one product for inputs, one for weights."""
_KEPT_COPIES = 4
"""Gradient, two moments of the optimizer, and the best weights."""
_CHECKPOINTS = 2
_HALF = 0.5
"""What frozen stages give is kept in half precision."""
_MOST_PHASES = 100


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Time, memory of the process at its peak, and disk for the run's folder."""

    seconds: float = 0.0
    memory_bytes: float = 0.0
    disk_bytes: float = 0.0


def estimate(setup: TrainingSetup, plan: Callable[[], Planned]) -> Cost:
    """What the run will cost at most: every phase does all its epochs, and each one gains.

    ``plan`` gives the strategy's plan anew, since asking for its phases uses it up. What the plan
    would do after a hundred phases is left out. Raises ``TrainingError`` where it makes no sense.
    """
    stages = stage_costs(setup.classifier, setup.train, setup.device)
    phases = [_phase_cost(setup, stages, phase) for phase in _phases(setup, plan())]
    weights = sum(stage.weight_bytes for stage in stages)
    return Cost(
        seconds=sum(phase.seconds for phase in phases),
        memory_bytes=psutil.Process().memory_info().rss
        + max((phase.memory_bytes for phase in phases), default=0.0),
        disk_bytes=weights + max((phase.disk_bytes for phase in phases), default=0.0),
    )


def _phases(setup: TrainingSetup, planned: Planned) -> Iterator[AnyPhase]:
    phase = planned.next(None)
    while phase is not None and planned.number <= _MOST_PHASES:
        check_phase(phase, setup.classifier)
        yield phase
        phase = planned.next_if_it_gains(phase)


def _phase_cost(setup: TrainingSetup, stages: Sequence[StageCost], phase: AnyPhase) -> Cost:
    match phase:
        case Phase():
            return _gradient_cost(setup, stages, with_user_choices(phase, setup.job.training))
        case MeasuredStages():
            forward = sum(stage.seconds for stage in stages)
            return Cost(seconds=min(phase.images, _images(setup)) * forward * (1 + _BACKWARD))
        case _:
            images = _images(setup) + len(setup.test.labels)
            return Cost(seconds=images * sum(stage.seconds for stage in stages))


def _gradient_cost(setup: TrainingSetup, stages: Sequence[StageCost], phase: Phase) -> Cost:
    """The frozen stages below run once for each view where nothing, or few views, are augmented."""
    place = frozen_prefix(setup.classifier, phase)
    below, above = stages[:place], stages[place:]
    train, held_out = len(setup.train.labels), len(setup.validation.labels)
    is_head_alone = len(above) == 1
    along = held_out + (len(setup.test.labels) if is_head_alone else 0)
    once = sum(stage.seconds for stage in below) * (_views(setup, phase, below) * train + along)
    each = sum(stage.seconds for stage in above) * ((1 + _BACKWARD) * train + held_out)
    learning = sum(stage.weight_bytes for stage in stages if stage.name in phase.rates)
    activations = sum(stage.activation_bytes for stage in above)
    epochs = phase.epochs if setup.job.training.keep_epochs else 0
    return Cost(
        seconds=once + phase.epochs * each + _averaging_seconds(setup, stages, phase),
        memory_bytes=_KEPT_COPIES * learning + setup.job.training.batch_size * activations,
        disk_bytes=_CHECKPOINTS * _KEPT_COPIES * learning
        + epochs * sum(stage.weight_bytes for stage in stages),
    )


def _views(setup: TrainingSetup, phase: Phase, below: Sequence[StageCost]) -> int:
    """How often the training images go through the frozen stages."""
    training = setup.job.training
    if training.mixup or training.cutmix or not below:
        return phase.epochs
    if chosen_augment(phase, phase.augmentation or setup.augmentation, training) is None:
        return 1
    row_bytes = round(below[-1].output_bytes * _HALF)
    images = len(setup.train.labels)
    return chosen_views(training.views, phase.epochs, row_bytes, images, LIMIT) or phase.epochs


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
    return images * sum(stage.seconds for stage in stages)


def _images(setup: TrainingSetup) -> int:
    return len(setup.train.labels) + len(setup.validation.labels)
