"""Gives a stage new random weights, as if it had never learned."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import Tensor, nn

from graftwork.plugin_api import Phase, PhaseReport


def drawn_anew(phase: Phase, reports: Iterable[PhaseReport]) -> set[str]:
    """The stages that began with random weights in this phase, or in one of these before it.

    What a phase drew that did not improve is gone: the next one starts from the best weights.
    """
    kept = (each.phase for each in reports if each.improved)
    phases = (phase, *(each for each in kept if isinstance(each, Phase)))
    return {stage for each in phases for stage in each.reinitialize}


@torch.no_grad()
def reinitialize(stage: nn.Module, seed: int) -> None:
    """Draw all weights of the stage anew and put its statistics back to their start.

    Each layer does so by its own rule (``reset_parameters``). Weights for which no layer has one
    (tokens, scales, tables of positions) are drawn from a normal distribution with the mean and
    deviation of their present values. The same seed gives the same weights on any device.
    """
    fresh = deepcopy(stage).to("cpu").to(memory_format=torch.contiguous_format)
    generator = torch.default_generator
    before = generator.get_state()
    try:
        generator.manual_seed(seed)
        for module in reversed(list(fresh.modules())):  # an outer rule has the last word
            _reset(module)
    finally:
        generator.set_state(before)
    _copy(fresh, stage)


def _reset(module: nn.Module) -> None:
    for rule in ("reset_parameters", "_reset_parameters"):
        if hasattr(module, rule):
            getattr(module, rule)()
            return
    for parameter in module.parameters(recurse=False):
        _redraw(parameter)


def _redraw(parameter: Tensor) -> None:
    parameter.copy_(torch.randn(parameter.shape) * parameter.std(correction=0) + parameter.mean())


def _copy(source: nn.Module, target: nn.Module) -> None:
    values = source.state_dict()
    for name, value in target.state_dict().items():
        value.copy_(values[name])
