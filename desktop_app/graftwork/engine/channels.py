"""Fits a pretrained first convolution to images that do not have three channels.

The rules, for filters of R, G and B and N channels:

- replicated: the filters are repeated in the order R, G, B, R, ... and scaled by 3/N (timm's
  ``adapt_input_conv``). Three channels are left as they are.
- summed: every channel gets the sum of the three filters divided by N. Channels that are all alike
  give what the grey image gave as R, G and B (exactly where all channels are normalized alike,
  closely elsewhere).
- averaged: every channel gets the mean of the three filters, and counts as much as one of R, G and
  B did (Wang et al., "Temporal Segment Networks", 2016: cross-modality pretraining).
- new: random filters with the spread of the pretrained ones, scaled by the root of 3/N, so that
  channels that have nothing in common give answers of the size that was pretrained.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .errors import TrainingError
from .training_settings import FirstLayer

_RGB = 3


def adapt_input_channels(
    stages: nn.Sequential, channels: int, rule: FirstLayer = "auto", seed: int = 0
) -> None:
    """Change the first convolution of ``stages`` in place so that it takes ``channels``.

    The rule "auto" leaves three channels alone, sums for one, and replicates for more. ``seed``
    decides what the rule "new" draws. Raises ``TrainingError`` if there is no layer to change.
    """
    if channels == _RGB and rule in {"auto", "replicated"}:
        return
    convolution = _first_convolution(stages, channels)
    weight = convolution.weight.detach()
    adapted = _new(weight, channels, seed) if rule == "new" else _RULES[rule](weight, channels)
    convolution.weight = nn.Parameter(adapted)
    convolution.in_channels = channels
    if rule == "new" and convolution.bias is not None:
        nn.init.zeros_(convolution.bias)


def _first_convolution(stages: nn.Sequential, channels: int) -> nn.Conv2d:
    first = next((m for m in stages.modules() if isinstance(m, nn.Conv2d)), None)
    if first is None or first.in_channels != _RGB or first.groups != 1:
        msg = (
            "This backbone has no convolution that sees the image and could take "
            f"{channels} channels: use 3, or another backbone."
        )
        raise TrainingError(msg)
    return first


def _auto(weight: Tensor, channels: int) -> Tensor:
    return _summed(weight, channels) if channels == 1 else _replicated(weight, channels)


def _summed(weight: Tensor, channels: int) -> Tensor:
    return weight.sum(1, keepdim=True).repeat(1, channels, 1, 1) / channels


def _averaged(weight: Tensor, channels: int) -> Tensor:
    return weight.mean(1, keepdim=True).repeat(1, channels, 1, 1)


def _replicated(weight: Tensor, channels: int) -> Tensor:
    return weight[:, torch.arange(channels) % _RGB] * (_RGB / channels)


def _new(weight: Tensor, channels: int, seed: int) -> Tensor:
    shape = (weight.shape[0], channels, *weight.shape[2:])
    spread = float(weight.std()) * (_RGB / channels) ** 0.5
    drawn: Tensor = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return drawn.mul(spread)


_RULES: dict[str, Callable[[Tensor, int], Tensor]] = {
    "auto": _auto,
    "summed": _summed,
    "averaged": _averaged,
    "replicated": _replicated,
}
