"""The phase that gives the cosine head the mean direction of each class."""

from __future__ import annotations

import math
from collections.abc import Generator

import torch

from graftwork.engine.errors import TrainingError
from graftwork.engine.events import TrainingEvent
from graftwork.engine.heads.cosine import CosineHead, unit
from graftwork.engine.inputs import Samples
from graftwork.engine.setup import TrainingSetup
from graftwork.plugin_api import PhaseReport, PrototypeHead

from .trials import Trials, whole_features
from .without_steps import without_effect

_SCALES = tuple(2.0 ** (step / 2) for step in range(17))
"""1 to 256: features of images point in like directions, so that many classes need a large one."""

_CHUNK = 4096


def run_prototype_head(
    setup: TrainingSetup, phase: PrototypeHead, number: int
) -> Generator[TrainingEvent, None, PhaseReport]:
    """Set the directions, then raise the scale, an epoch each, until validation gains no more.

    A scale changes no decision, only how sure it is; the loss has one minimum along the scales.
    Raises ``TrainingError`` for a head that is not a cosine head.
    """
    head = _checked(setup, phase)
    trials = Trials(setup, phase, number, len(_SCALES))
    started = trials.begin()
    yield from without_effect(setup.job.training, phase)
    inputs = yield from whole_features(setup)
    yield started
    _set_directions(head, inputs.train(1))
    for scale in _SCALES:
        head.log_scale.data.fill_(math.log(scale))
        if not (yield from trials.measure(inputs)):
            return (yield from trials.end("a larger scale brings nothing"))
    return (yield from trials.end("all scales tried"))


def _checked(setup: TrainingSetup, phase: PrototypeHead) -> CosineHead:
    head = setup.classifier.head
    if not isinstance(head, CosineHead):
        msg = (
            f"The phase {phase.name!r} sets the directions of a cosine head, and this run has a "
            f"head of the kind {setup.classifier.info.head.kind!r}. Set head=cosine, or choose "
            "another strategy."
        )
        raise TrainingError(msg)
    return head


@torch.no_grad()
def _set_directions(head: CosineHead, samples: Samples) -> None:
    """Summed on the processor, where sums do not depend on which thread comes first."""
    sums = torch.zeros_like(head.directions, dtype=torch.float64, device="cpu")
    for places in torch.arange(len(samples.labels)).split(_CHUNK):
        sums.index_add_(0, samples.labels[places], unit(samples.batch(places).double()))
    head.directions.copy_(unit(sums))
