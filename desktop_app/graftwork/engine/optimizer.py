"""Builds the optimizer: one group of parameters a stage, norms and biases without decay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from .training_settings import TrainingSettings


def build_optimizer(
    stages: Mapping[str, nn.Module], rates: Mapping[str, float], settings: TrainingSettings
) -> Optimizer:
    """An optimizer over what learns of the stages in ``rates``; groups carry their ``stage``."""
    groups = [
        group
        for name, rate in rates.items()
        for group in _stage_groups(name, stages[name], rate, settings.weight_decay)
    ]
    if settings.optimizer == "sgd":
        return _sgd(groups, settings.momentum)
    return AdamW(groups, fused=True)


def _sgd(groups: list[dict[str, Any]], momentum: float) -> SGD:
    """With no momentum yet: torch leaves it as memory was where fp16 skips the first step."""
    built = SGD(groups, momentum=momentum, nesterov=momentum > 0, fused=True)
    for parameter in (p for group in groups for p in group["params"] if momentum):
        built.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return built


def decays(name: str, parameter: Tensor) -> bool:
    """Whether a parameter of this name is pulled towards zero: matrices, filters and additions."""
    return parameter.ndim > 1 and (name.endswith("weight") or "parametrizations." in name)


def set_rates(optimizer: Optimizer, rates: Mapping[str, float]) -> None:
    """Give each group the present rate of its stage."""
    for group in optimizer.param_groups:
        group["lr"] = rates[group["stage"]]


def _stage_groups(
    name: str, stage: nn.Module, rate: float, decay: float
) -> Iterator[dict[str, Any]]:
    """Matrices, filters and what is added to them decay; norms, biases, scales, tokens do not."""
    learning = [(name, p) for name, p in stage.named_parameters() if p.requires_grad]
    decayed = [p for name, p in learning if decays(name, p)]
    free = [p for name, p in learning if not decays(name, p)]
    for members, amount in ((decayed, decay), (free, 0.0)):
        if members:
            yield {"params": members, "lr": rate, "weight_decay": amount, "stage": name}
