"""Erases a rectangle from some images.

Zhong et al., "Random Erasing Data Augmentation" (2020), with its areas of 2 to 33 % and sides of
up to 10/3; what is erased becomes the grey of borders, which a network sees as about zero.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from graftwork.data.resize import PAD_LEVEL

from .recipe import Recipe
from .seeds import Draw, Draws, Numbers

_AREAS = 0.02, 0.33
_STRETCH = 10 / 3


def erase(pixels: Tensor, recipe: Recipe, draws: Draws) -> None:
    """Erase from the images that are drawn, in their place: pixels (N, channels, size, size)."""
    size = pixels.shape[-1]
    area = draws.between(*_AREAS, Draw.ERASED_AREA)
    ratio = draws.ratio(_STRETCH, Draw.ERASED_STRETCH)
    area = np.where(draws.unit(Draw.IS_ERASED) < recipe.level.erasing, area, 0.0)
    across = _stretch(size, np.sqrt(area * ratio), draws.unit(Draw.ERASED_ACROSS))
    down = _stretch(size, np.sqrt(area / ratio), draws.unit(Draw.ERASED_DOWN))
    mask = down.to(pixels.device)[:, :, None] & across.to(pixels.device)[:, None, :]
    pixels.masked_fill_(mask[:, None], PAD_LEVEL)


def _stretch(size: int, share: Numbers, place: Numbers) -> Tensor:
    """Which pixels (N, size) of a side lie in a stretch of this share of it, somewhere."""
    length = np.minimum(np.round(share * size), size)
    first = np.floor(place * (size - length + 1))
    pixels = np.arange(size)
    inside = (pixels >= first[:, None]) & (pixels < (first + length)[:, None])
    return torch.from_numpy(inside)
