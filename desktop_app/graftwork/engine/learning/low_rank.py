"""Low-rank learning: to a weight is added the product of two thin matrices, which alone learn.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021). A convolution's filters
(out, in / groups, height, width) count as a matrix (out, in / groups * height * width); for one
group that is a convolution to ``rank`` channels followed by one of 1 x 1. Layers for which the two
factors would hold as many numbers as the weight itself (very small ones) stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from graftwork.data.augmentation import sample_seed
from graftwork.plugin_api import LowRank


class LowRankAddition(nn.Module):
    """Gives ``weight + alpha / rank * up @ down``; ``up`` begins at zero, ``down`` at random."""

    def __init__(self, weight: Tensor, settings: LowRank, seed: int) -> None:
        super().__init__()
        rows, columns = _matrix_shape(weight)
        self.scale = settings.alpha / settings.rank
        down = _uniform((settings.rank, columns), 1 / math.sqrt(columns), seed)
        self.down = nn.Parameter(down.to(weight))
        self.up = nn.Parameter(weight.new_zeros(rows, settings.rank))

    def forward(self, weight: Tensor) -> Tensor:
        """The effective weight, in the shape of ``weight``."""
        addition = (self.up @ self.down).view(weight.shape)
        return torch.add(weight, addition, alpha=self.scale)


def low_rank_weights(stage: nn.Module, settings: LowRank) -> list[tuple[nn.Module, str]]:
    """The weights (module and name) that low-rank additions of this rank suit."""
    return [
        (module, name)
        for module in stage.modules()
        for name in _matrices(module)
        if _saves(getattr(module, name), settings.rank)
    ]


def add_low_rank(stage: nn.Module, settings: LowRank, seed: int) -> None:
    """Put an addition, which changes nothing yet, on every weight of the stage that one suits.

    The same seed gives the same factors, on any device.
    """
    for place, (module, name) in enumerate(low_rank_weights(stage, settings)):
        addition = LowRankAddition(getattr(module, name), settings, sample_seed(seed, place))
        parametrize.register_parametrization(module, name, addition)


@torch.no_grad()
def merge_low_rank(stage: nn.Module) -> None:
    """Put the effective weights in the place of weights and additions; the network stays equal."""
    for module, name, _ in list(_additions(stage).values()):
        effective = getattr(module, name)
        parametrize.remove_parametrizations(module, name, leave_parametrized=False)
        getattr(module, name).copy_(effective)
        _put_first(module, name)


def effective_parameters(module: nn.Module) -> Iterator[tuple[str, Tensor, bool]]:
    """Name, value and whether it learns, of all weights, as if all additions were merged.

    The values of effective weights carry gradients to the factors.
    """
    found = _additions(module)
    inner = _inner_prefixes(found)
    for name, (part, own, addition) in found.items():
        yield name, getattr(part, own), addition.up.requires_grad
    for name, value in module.named_parameters():
        if not name.startswith(inner):
            yield name, value, value.requires_grad


@torch.no_grad()
def plain_state(module: nn.Module) -> dict[str, Tensor]:
    """The state dict as if all additions were merged: with plain names and effective weights."""
    found = _additions(module)
    inner = _inner_prefixes(found)
    plain = {k: v for k, v in module.state_dict().items() if not k.startswith(inner)}
    return plain | {name: getattr(part, own) for name, (part, own, _) in found.items()}


def _additions(module: nn.Module) -> dict[str, tuple[nn.Module, str, LowRankAddition]]:
    """By the weight's plain name: its module, its name there, and the addition to it."""
    return {
        (f"{place}." if place else "") + own: (part, own, chain[0])
        for place, part in module.named_modules()
        for own, chain in getattr(part, "parametrizations", {}).items()
        if isinstance(chain[0], LowRankAddition)
    }


def _inner_prefixes(names: Iterable[str]) -> tuple[str, ...]:
    """How the names of what stands behind these effective weights begin."""
    parts = [name.rpartition(".") for name in names]
    return tuple(f"{place}{dot}parametrizations.{own}." for place, dot, own in parts)


def _put_first(module: nn.Module, name: str) -> None:
    """A weight stands before its bias, as it did, so that the order of all weights is kept."""
    for other in [each for each in module._parameters if each != name]:
        module._parameters[other] = module._parameters.pop(other)


def _matrices(module: nn.Module) -> Iterator[str]:
    """The names of this module's own matrices and filters that nothing else shapes already."""
    if isinstance(module, nn.MultiheadAttention):
        names: tuple[str, ...] = ("in_proj_weight",)
    elif isinstance(module, nn.Linear | nn.Conv2d):
        names = ("weight",)
    else:
        names = ()
    return (name for name in names if isinstance(module._parameters.get(name), nn.Parameter))


def _saves(weight: Tensor, rank: int) -> bool:
    rows, columns = _matrix_shape(weight)
    return rank * (rows + columns) < rows * columns


def _matrix_shape(weight: Tensor) -> tuple[int, int]:
    return weight.shape[0], weight[0].numel()


def _uniform(shape: tuple[int, int], bound: float, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)
