"""Says so if the first layer is random and stays it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import nn

from graftwork.plugin_api import AnyPhase, MeasuredStages, Phase

from ..classifier import Classifier
from ..events import Notice


def random_first_layer(classifier: Classifier, phases: Iterable[AnyPhase]) -> Iterator[Notice]:
    """A warning if none of these phases lets a new first layer learn, which then knows nothing.

    Where stages are chosen by a measure, nobody knows before.
    """
    first = _first_stage(classifier)
    if any(isinstance(phase, MeasuredStages) or _lets_learn(phase, first) for phase in phases):
        return
    text = (
        "first_layer=new begins with random weights, and this strategy never lets them learn: all "
        "that the network sees comes through them. Choose a strategy in which all stages learn, or "
        "another first_layer."
    )
    yield Notice(level="warning", text=text)


def _lets_learn(phase: AnyPhase, stage: str) -> bool:
    return isinstance(phase, Phase) and stage in phase.rates and phase.learning == "weights"


def _first_stage(classifier: Classifier) -> str:
    """The stage that sees the image, as ``channels.adapt_input_channels`` finds it."""
    stages = classifier.stages.named_children()
    return next(
        name
        for name, stage in stages
        if any(isinstance(module, nn.Conv2d) for module in stage.modules())
    )
