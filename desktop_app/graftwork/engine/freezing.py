"""Freezes and unfreezes stages, and their batch normalization, as a phase says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.plugin_api import HEAD, AnyPhase, Learning, Phase

from .classifier import Classifier
from .errors import TrainingError
from .learning.parameters import learning_parameters
from .learning.phase_problems import phase_problems


def check_phase(phase: AnyPhase, classifier: Classifier) -> None:
    """Raise ``TrainingError`` if the strategy asks for what makes no sense for this model."""
    problems = phase_problems(phase, classifier.named_stages())
    if problems:
        name = getattr(phase, "name", "")
        msg = f"The strategy's phase {name!r} cannot be run: {'; '.join(problems)}."
        raise TrainingError(msg)


def set_learning(classifier: Classifier, phase: Phase) -> None:
    """Let what the phase says learn of the stages that it names, and nothing else.

    Low-rank factors are those that ``learning.parameters.prepare_weights`` has added.
    """
    classifier.requires_grad_(False)
    for name, stage in classifier.named_stages().items():
        if name in phase.rates:
            for parameter in learning_parameters(stage, _learning(phase, name)):
                parameter.requires_grad_(True)


def set_modes(classifier: Classifier, phase: Phase) -> None:
    """Training mode where the phase wants it: dropout in learning stages, statistics as it says."""
    for name, stage in classifier.named_stages().items():
        stage.train(name in phase.rates)
        for norm in batch_norms(stage):
            norm.train(adapts(phase, name))


def frozen_prefix(classifier: Classifier, phase: Phase) -> int:
    """How many leading stages of the backbone give the same output throughout the phase."""
    stages = classifier.stages.named_children()
    return len(list(takewhile(lambda named: _is_constant(phase, *named), stages)))


def changing_stages(classifier: Classifier, phase: Phase) -> set[str]:
    """The stages of which anything differs between the weights before the phase and after it."""
    normalized = {
        name
        for name, stage in classifier.named_stages().items()
        if (adapts(phase, name) or phase.batch_norm == "re-estimated") and any(batch_norms(stage))
    }
    return {*phase.rates, *phase.reinitialize} | normalized


def adapts(phase: Phase, stage: str) -> bool:
    """Whether the batch normalization of this stage follows the user's images in every step."""
    return phase.batch_norm == "adapting" or (
        phase.batch_norm == "learning" and stage in phase.rates
    )


def batch_norms(module: nn.Module) -> Iterator[_BatchNorm]:
    """The batch normalizations in it that keep statistics."""
    for part in module.modules():
        if isinstance(part, _BatchNorm) and part.running_mean is not None:
            yield part


def frozen_backbone(phase: Phase) -> bool:
    """Whether the whole backbone gives the same features throughout the phase."""
    return set(phase.rates) == {HEAD} and phase.batch_norm != "adapting"


def _learning(phase: Phase, stage: str) -> Learning:
    return "weights" if stage == HEAD else phase.learning


def _is_constant(phase: Phase, name: str, stage: nn.Module) -> bool:
    moves = adapts(phase, name) and any(batch_norms(stage))
    return name not in phase.rates and not moves
