"""Which weights learn in a phase, and what is done to them before it."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from graftwork.data.augmentation import sample_seed
from graftwork.plugin_api import HEAD, Learning, LowRank, Phase

from ..classifier import Classifier
from .low_rank import LowRankAddition, add_low_rank
from .reinitialize import reinitialize


def prepare_weights(classifier: Classifier, phase: Phase, seed: int) -> None:
    """Draw the stages anew that the phase wants so, and add what learns by low rank.

    Every number depends on the seed and the stage's place alone. What was added is taken in by
    ``merge_low_rank`` when the phase ends.
    """
    for place, (name, stage) in enumerate(classifier.named_stages().items()):
        if name in phase.reinitialize:
            reinitialize(stage, sample_seed(seed, place, 0))
        if name in phase.rates and name != HEAD and isinstance(phase.learning, LowRank):
            add_low_rank(stage, phase.learning, sample_seed(seed, place, 1))


def learning_parameters(stage: nn.Module, learning: Learning) -> list[nn.Parameter]:
    """The parameters of a stage that learn: all, norms and biases, or low-rank factors.

    Low-rank factors are those that ``prepare_weights`` has added.
    """
    if learning == "weights":
        return list(stage.parameters())
    if learning == "norms-and-biases":
        return _norms_and_biases(stage)
    added = [part for part in stage.modules() if isinstance(part, LowRankAddition)]
    return [factor for addition in added for factor in addition.parameters()]


def _norms_and_biases(stage: nn.Module) -> list[nn.Parameter]:
    return [
        parameter
        for module in stage.modules()
        for name, parameter in module.named_parameters(recurse=False)
        if name.endswith("bias") or _is_norm(module)
    ]


def _is_norm(module: nn.Module) -> bool:
    """A backbone's own normalizations are known by their names alone."""
    known = isinstance(module, _NormBase | nn.LayerNorm | nn.GroupNorm | nn.RMSNorm)
    return known or "norm" in type(module).__name__.lower()
