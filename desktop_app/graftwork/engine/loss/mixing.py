"""Mixes the images of a batch with each other, and what they should be taken for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from graftwork.engine.training_settings import AugmentationSettings

Mixing = Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]]
"""Of inputs, labels (N) and a seed: mixed inputs and soft targets (N, classes), float32.

Inputs are images or activations (N, C, H, W), tokens (N, T, D) or features (N, F), on any device;
whole numbers become float32 where they are blended.
"""

_Change = Callable[[Tensor, float, np.random.Generator], tuple[Tensor, float]]


def build_mixing(settings: AugmentationSettings, classes: int) -> Mixing | None:
    """What mixes a batch: MixUp, CutMix, or for each batch one of the two; None for neither.

    Each image is mixed with the one before it (batches are shuffled), in parts drawn from
    Beta(a, a), where a is the setting's value. Where there is no picture from which to cut
    (tokens, features), CutMix blends as MixUp does.
    """
    changes: tuple[tuple[float, _Change], ...] = (
        (settings.mixup, _blend),
        (settings.cutmix, _cut),
    )
    wanted = [(alpha, change) for alpha, change in changes if alpha > 0]
    return partial(_mix, wanted, classes) if wanted else None


def _mix(
    wanted: list[tuple[float, _Change]], classes: int, inputs: Tensor, labels: Tensor, seed: int
) -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(seed)
    alpha, change = wanted[random.integers(len(wanted))]
    mixed, part = change(inputs, random.beta(alpha, alpha), random)
    own = functional.one_hot(labels, classes).float()
    return mixed, torch.lerp(_before(own), own, part)


def _blend(inputs: Tensor, part: float, _: np.random.Generator) -> tuple[Tensor, float]:
    """Zhang et al., "mixup: Beyond Empirical Risk Minimization" (2018)."""
    own = inputs if inputs.is_floating_point() else inputs.float()
    return torch.lerp(_before(own), own, part), part


def _cut(inputs: Tensor, part: float, random: np.random.Generator) -> tuple[Tensor, float]:
    """Yun et al., "CutMix" (2019): the part is that of the area, borders considered."""
    if inputs.ndim != 4:
        return _blend(inputs, part, random)
    height, width = inputs.shape[2:]
    top, bottom = _stretch(height, part, random)
    left, right = _stretch(width, part, random)
    mixed = inputs.clone()
    mixed[..., top:bottom, left:right] = _before(inputs[..., top:bottom, left:right])
    return mixed, 1 - (bottom - top) * (right - left) / (height * width)


def _stretch(length: int, part: float, random: np.random.Generator) -> tuple[int, int]:
    """A stretch of sqrt(1 - part) of the length around a place anywhere, cut off at the ends."""
    middle, half = int(random.integers(length)), int(length * (1 - part) ** 0.5) // 2
    return max(middle - half, 0), min(middle + half, length)


def _before(batch: Tensor) -> Tensor:
    """For each place what stands before it; the last for the first."""
    return torch.cat([batch[-1:], batch[:-1]])
