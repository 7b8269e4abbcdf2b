"""Changes brightness, contrast and saturation in one step.

Each of the three blends an image with black, with its mean grey, or with its own grey version, so
that all together are one affine map of a pixel's channels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .policy import Drawn, Operation
from .recipe import Recipe
from .seeds import Draw, Draws, Numbers

_RGB = (0.299, 0.587, 0.114)
"""What red, green and blue bring to grey (ITU-R BT.601)."""


@dataclass(frozen=True, kw_only=True)
class ColorFactors:
    """A factor for each image (N,); 1 changes nothing, 0 leaves black or grey."""

    brightness: Numbers
    contrast: Numbers
    saturation: Numbers


def drawn_factors(recipe: Recipe, draws: Draws, operations: Iterable[Drawn]) -> ColorFactors:
    """What the level draws, times what the policy does."""
    reach = recipe.level.color
    brightness, contrast, saturation = (
        draws.between(1 - reach, 1 + reach, purpose)
        for purpose in (Draw.BRIGHTNESS, Draw.CONTRAST, Draw.SATURATION)
    )
    for drawn in operations:
        brightness = brightness * drawn.of(Operation.BRIGHTNESS, 1)
        contrast = contrast * drawn.of(Operation.CONTRAST, 1)
        saturation = saturation * drawn.of(Operation.SATURATION, 1)
    return ColorFactors(brightness=brightness, contrast=contrast, saturation=saturation)


def recolor(pixels: Tensor, factors: ColorFactors, mean_grey: Tensor) -> None:
    """Change pixels (N, 1 or 3, size, size), float32 0..255, in their place.

    ``mean_grey`` (N,) is what contrast is about.
    """
    scale = _each(factors.brightness * factors.contrast, pixels)
    offset = _each(factors.brightness * (1 - factors.contrast), pixels) * mean_grey.view(
        -1, 1, 1, 1
    )
    if pixels.shape[1] == 3:
        part = _each(factors.saturation, pixels)
        offset = offset + grey(pixels) * (scale * (1 - part))
        scale = scale * part
    pixels.mul_(scale).add_(offset).clamp_(0, 255)


def grey(pixels: Tensor) -> Tensor:
    """The grey (N, 1, size, size) of pixels (N, 1 or 3, size, size)."""
    if pixels.shape[1] == 1:
        return pixels
    red, green, blue = (pixels[:, place, None] * part for place, part in enumerate(_RGB))
    return red + green + blue


def mean_greys(pixels: Tensor) -> Tensor:
    """The mean grey (N,) of pixels (N, 1 or 3, size, size), whole numbers 0..255 as float32.

    All sums are whole numbers that are held exactly (of a column in 24 bits, of columns in 53),
    so that the mean is the same to the bit whatever the batch and the threads.
    """
    rows = pixels.permute(0, 2, 3, 1)  # as they lie in memory
    down = rows.flatten(2).sum(1).view(len(rows), rows.shape[2], -1)
    exact = down.cpu() if down.device.type == "mps" else down  # which has no float64
    means = exact.sum(1, dtype=torch.float64) / (rows.shape[1] * rows.shape[2])
    return grey(means[..., None, None]).view(-1).float().to(pixels.device)


def _each(values: Numbers, like: Tensor) -> Tensor:
    """One value for each image (N, 1, 1, 1), on the device of ``like``."""
    column = torch.from_numpy(values.astype(np.float32)).view(-1, 1, 1, 1)
    return column.to(like.device, non_blocking=like.is_cuda)
