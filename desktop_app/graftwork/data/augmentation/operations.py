"""The policies' operations that look at pixels, on several images at once.

Each takes pixels (n, channels, size, size), float32 0..255, and an amount for each image
(n, 1, 1, 1), and gives changed pixels. They do what the functions of Pillow do that the policies
are built on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .policy import Drawn, Operation

_Change = Callable[[Tensor, Tensor], Tensor]


def apply_operations(pixels: Tensor, drawn: Drawn) -> None:
    """Change in their place the images for which one of these operations was drawn."""
    for operation, change in _CHANGES.items():
        chosen = np.flatnonzero(drawn.operation == operation)
        if len(chosen):
            places = _beside(pixels, torch.from_numpy(chosen))
            amounts = _beside(pixels, torch.from_numpy(drawn.amount[chosen]).float())
            pixels[places] = change(pixels[places], amounts.view(-1, 1, 1, 1))


def _beside(pixels: Tensor, few: Tensor) -> Tensor:
    """On their device, without waiting for what a GPU has to do before."""
    return few.to(pixels.device, non_blocking=pixels.is_cuda)


def sharpen(pixels: Tensor, factor: Tensor) -> Tensor:
    """Blends with a smoothed version (0) or away from it (above 1); the rim stays."""
    inner = pixels[..., 1:-1, 1:-1]
    rows = pixels[..., :-2, :] + pixels[..., 1:-1, :] + pixels[..., 2:, :]
    around = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
    smooth = (around + 4 * inner) / 13
    changed = pixels.clone()
    changed[..., 1:-1, 1:-1] = (smooth + (inner - smooth) * factor).clamp_(0, 255)
    return changed


def posterize(pixels: Tensor, bits: Tensor) -> Tensor:
    """Keeps the upper bits of each level."""
    step = torch.exp2(8 - bits)
    return (pixels.round() / step).floor_() * step


def solarize(pixels: Tensor, lowest: Tensor) -> Tensor:
    """Inverts what is as bright as this or brighter."""
    return torch.where(pixels >= lowest, 255 - pixels, pixels)


def auto_contrast(pixels: Tensor, _: Tensor) -> Tensor:
    """Stretches each channel to 0..255; a channel of one level stays."""
    low, high = pixels.amin((2, 3), keepdim=True), pixels.amax((2, 3), keepdim=True)
    stretched = (pixels - low) * (255 / (high - low).clamp(min=1e-6))
    return torch.where(high > low, stretched, pixels).clamp_(0, 255)


def equalize(pixels: Tensor, _: Tensor) -> Tensor:
    """Makes all levels of each channel about equally frequent."""
    levels = pixels.round().long().flatten(2)
    counts = levels.new_zeros(*levels.shape[:2], 256)
    counts.scatter_add_(2, levels, torch.ones_like(levels))
    return _equal_levels(counts).gather(2, levels).view_as(pixels).float()


def _equal_levels(counts: Tensor) -> Tensor:
    """The new level of each old one (n, channels, 256), as Pillow reckons it."""
    highest = counts.gather(2, _highest_level(counts))
    step = (counts.sum(2, keepdim=True) - highest) // 255
    below = counts.cumsum(2) - counts
    new = ((below + step // 2) // step.clamp(min=1)).clamp_(0, 255)
    return torch.where(step > 0, new, torch.arange(256, device=counts.device))


def _highest_level(counts: Tensor) -> Tensor:
    return 255 - (counts.flip(2) > 0).int().argmax(2, keepdim=True)


_CHANGES: dict[Operation, _Change] = {
    Operation.SHARPNESS: sharpen,
    Operation.POSTERIZE: posterize,
    Operation.SOLARIZE: solarize,
    Operation.AUTO_CONTRAST: auto_contrast,
    Operation.EQUALIZE: equalize,
}
