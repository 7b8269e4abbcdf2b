"""Erases a rectangle from some images.

Zhong et al., "Random Erasing Data Augmentation" (2020), with its areas of 2 to 33 % and sides of
up to 10/3; what is erased becomes the grey of borders, which a network sees as about zero.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from graftwork.data.resize import PAD_LEVEL

from .recipe import Recipe
from .seeds import Draw, Draws, Numbers

_AREAS = 0.02, 0.33
_STRETCH = 10 / 3


def erase(pixels: Tensor, recipe: Recipe, draws: Draws) -> None:
    """Erase from the images that are drawn, in their place: pixels (N, channels, size, size).

    One after another, since that touches far less memory than a mask of the whole batch.
    """
    size = pixels.shape[-1]
    area = draws.between(*_AREAS, Draw.ERASED_AREA)
    ratio = draws.ratio(_STRETCH, Draw.ERASED_STRETCH)
    lefts, rights = _stretch(size, np.sqrt(area * ratio), draws.unit(Draw.ERASED_ACROSS))
    tops, ends = _stretch(size, np.sqrt(area / ratio), draws.unit(Draw.ERASED_DOWN))
    for image in np.flatnonzero(draws.unit(Draw.IS_ERASED) < recipe.level.erasing):
        rows, columns = slice(tops[image], ends[image]), slice(lefts[image], rights[image])
        pixels[image, :, rows, columns] = PAD_LEVEL


def _stretch(size: int, share: Numbers, place: Numbers) -> tuple[list[int], list[int]]:
    """Where a stretch of this share of a side of pixels begins and ends, for each image."""
    length = np.minimum(np.round(share * size), size)
    first = np.floor(place * (size - length + 1))
    return first.astype(int).tolist(), (first + length).astype(int).tolist()
