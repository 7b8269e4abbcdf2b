"""Freezes and unfreezes stages, and their batch normalization, as a phase says."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.plugin_api import HEAD, Phase

from .classifier import Classifier
from .errors import TrainingError


def check_phase(phase: Phase, classifier: Classifier) -> None:
    """Raise ``TrainingError`` if the strategy asks for what the model cannot do."""
    known = classifier.named_stages()
    unknown = sorted(set(phase.rates) - set(known))
    if unknown:
        msg = f"The strategy names stages that the backbone does not have: {', '.join(unknown)}."
        raise TrainingError(msg)
    if not any(list(known[name].parameters()) for name in phase.rates):
        msg = f"The strategy's phase {phase.name!r} lets nothing learn."
        raise TrainingError(msg)
    if phase.epochs < 1 or any(rate <= 0 for rate in phase.rates.values()):
        msg = f"The strategy's phase {phase.name!r} needs at least one epoch and rates above 0."
        raise TrainingError(msg)


def set_learning(classifier: Classifier, phase: Phase) -> None:
    """Let the named stages learn, and no others."""
    for name, stage in classifier.named_stages().items():
        stage.requires_grad_(name in phase.rates)


def set_modes(classifier: Classifier, phase: Phase) -> None:
    """Training mode where the phase wants it: dropout in learning stages, statistics as it says."""
    for name, stage in classifier.named_stages().items():
        stage.train(name in phase.rates)
        adapts = phase.batch_norm == "adapting" or (
            phase.batch_norm == "learning" and name in phase.rates
        )
        _set_batch_norm(stage, adapts=adapts)


def frozen_backbone(phase: Phase) -> bool:
    """Whether the whole backbone gives the same features throughout the phase."""
    return set(phase.rates) == {HEAD} and phase.batch_norm != "adapting"


def _set_batch_norm(stage: nn.Module, *, adapts: bool) -> None:
    for module in stage.modules():
        if isinstance(module, _BatchNorm):
            module.train(adapts)
