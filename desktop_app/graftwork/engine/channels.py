"""Fits a pretrained first convolution to images that do not have three channels.

One channel: the three filters are summed, so that a grey image gives what its copy in R, G and B
gave (exactly where all channels are normalized alike, closely elsewhere). More channels: the
filters are repeated in the order R, G, B, R, ... and scaled by 3/N, so that the sum over channels
keeps its size (the rule of timm's ``adapt_input_conv``).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .errors import TrainingError

_RGB = 3


def adapt_input_channels(stages: nn.Sequential, channels: int) -> None:
    """Change the first convolution of ``stages`` in place so that it takes ``channels``.

    Raises ``TrainingError`` if there is none to change.
    """
    if channels == _RGB:
        return
    convolution = next((m for m in stages.modules() if isinstance(m, nn.Conv2d)), None)
    if convolution is None:
        msg = f"This backbone has no convolution that could take {channels} channels; use 3."
        raise TrainingError(msg)
    adapted = _adapted(convolution.weight.detach(), channels)
    convolution.weight = nn.Parameter(adapted)
    convolution.in_channels = channels


def _adapted(weight: Tensor, channels: int) -> Tensor:
    if channels == 1:
        return weight.sum(1, keepdim=True)
    order = torch.arange(channels) % weight.shape[1]
    return weight[:, order] * (weight.shape[1] / channels)
