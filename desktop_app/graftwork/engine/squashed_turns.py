"""Says so if shapes are turned by any angle that are distorted already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from graftwork.data.augmentation.recipe import recipe_for
from graftwork.data.decoding import stored_size
from graftwork.plugin_api import Augmentation

from .events import Notice
from .training_settings import TrainingSettings

_LOOKED_AT = 32
_ABOUT_SQUARE = 1.1  # what light augmentation stretches anyway


def squashed_turns(
    training: TrainingSettings, level: Augmentation, images: Sequence[Path]
) -> Iterator[Notice]:
    """A warning if most training images are not square, are squashed, and then turned.

    What is long in one direction would be short in another, as no real image shows it. The sizes
    are read from the headers of some of the files; those that cannot be told do not count.
    """
    recipe = recipe_for(level, training)
    turned = recipe.rules.every_angle and recipe.zooms
    if not turned or training.fit != "squash" or not _mostly_oblong(images):
        return
    text = (
        f"Most images are not square: fit=squash distorts them, and domain={training.domain} turns "
        "the distorted shapes by any angle, as no real image shows them. Set fit=crop (the "
        "middle of each) or fit=pad (all of it, with borders)."
    )
    yield Notice(level="warning", text=text)


def _mostly_oblong(images: Sequence[Path]) -> bool:
    some = images[:: -(-len(images) // _LOOKED_AT) or 1]
    sizes = [size for size in map(stored_size, some) if size]
    oblong = [size for size in sizes if max(size) > _ABOUT_SQUARE * min(size)]
    return len(oblong) > len(sizes) / 2
