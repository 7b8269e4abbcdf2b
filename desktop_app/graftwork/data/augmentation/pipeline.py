"""Puts the changes together: one resampling, one color step, the policy's rest, erasing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from graftwork.data.domains import AugmentationWishes
from graftwork.plugin_api import Augmentation

from .colors import drawn_factors, mean_greys, recolor
from .erasing import erase
from .geometry import drawn_maps
from .operations import apply_operations
from .policy import Drawn, drawn_operations, operation_maps
from .recipe import Recipe, recipe_for
from .resampling import resampled
from .seeds import Draws

Augment = Callable[[Tensor, Sequence[int]], Tensor]
"""Changes uint8 pixels (N, channels, size, size), given one seed for each image.

Gives float32 pixels of the same shape and device in channels-last order, with values in 0..255.
"""


def build_augmentation(level: Augmentation, wishes: AugmentationWishes) -> Augment | None:
    """What changes a batch of training images; None if nothing is to be changed.

    Each image's changes depend on its own seed alone, and are the same on every device. Images
    that are neither grey nor RGB are changed in shape only.
    """
    recipe = recipe_for(level, wishes)
    if recipe.changes_nothing:
        return None
    return lambda pixels, seeds: _changed(recipe, pixels, Draws(seeds))


@torch.no_grad()
def _changed(recipe: Recipe, pixels: Tensor, draws: Draws) -> Tensor:
    source = pixels.float()
    operations = drawn_operations(recipe, draws)
    changed = _moved(recipe, source, draws, operations)
    if recipe.colors and pixels.shape[1] in {1, 3}:
        recolor(changed, drawn_factors(recipe, draws, operations), mean_greys(source))
        for drawn in operations:
            apply_operations(changed, drawn)
    if recipe.level.erasing:
        erase(changed, recipe, draws)
    return changed.contiguous(memory_format=torch.channels_last)


def _moved(recipe: Recipe, pixels: Tensor, draws: Draws, operations: list[Drawn]) -> Tensor:
    if not recipe.moves:
        return pixels
    maps = reduce(np.matmul, map(operation_maps, operations), drawn_maps(recipe, draws))
    return resampled(pixels, maps, recipe.rules.border)
