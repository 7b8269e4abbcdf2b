"""Where each pixel of a changed image comes from: one affine map an image.

Maps are (N, 3, 3) and lead from the changed image to its source, in coordinates in which an image
spans -1 to 1, x to the right and y down. They multiply: what happens to the image first stands on
the left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .recipe import Recipe
from .seeds import Draw, Draws, Numbers

Maps = npt.NDArray[np.float64]


def drawn_maps(recipe: Recipe, draws: Draws) -> Maps:
    """Turn, mirror, zoom and stretch as the level and the domain say."""
    if not recipe.zooms:
        return affine(len(draws))
    return _turned(recipe, draws) @ _mirrored(recipe, draws) @ _zoomed(recipe, draws)


def affine(
    count: int,
    *,
    xx: Numbers | float = 1.0,
    xy: Numbers | float = 0.0,
    x: Numbers | float = 0.0,
    yx: Numbers | float = 0.0,
    yy: Numbers | float = 1.0,
    y: Numbers | float = 0.0,
) -> Maps:
    """Source x = xx x' + xy y' + x, and y alike; without arguments, nothing moves."""
    maps = np.zeros((count, 3, 3))
    for place, values in enumerate((xx, xy, x, yx, yy, y)):
        maps[:, place // 3, place % 3] = values
    maps[:, 2, 2] = 1
    return maps


def rotation(degrees: Numbers) -> Maps:
    """Turns images about their middles, counterclockwise."""
    angle = np.deg2rad(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    return affine(len(degrees), xx=cosine, xy=-sine, yx=sine, yy=cosine)


def _turned(recipe: Recipe, draws: Draws) -> Maps:
    """Where every angle is allowed, right angles and the turns between them make up all."""
    if not recipe.rules.every_angle:
        return rotation(draws.between(-recipe.level.turn, recipe.level.turn, Draw.TURN))
    quarters = np.floor(draws.between(0, 4, Draw.QUARTER_TURNS))
    return rotation(90 * quarters + draws.between(-45, 45, Draw.TURN))


def _mirrored(recipe: Recipe, draws: Draws) -> Maps:
    if not recipe.rules.mirrored:
        return affine(len(draws))
    return affine(len(draws), xx=np.where(draws.unit(Draw.MIRRORED) < 0.5, -1.0, 1.0))


def _zoomed(recipe: Recipe, draws: Draws) -> Maps:
    """A rectangle somewhere inside the image fills it.

    Szegedy et al., "Going Deeper with Convolutions" (2015); a side that would be longer than the
    image's is as long as that.
    """
    area = draws.between(recipe.level.area, 1, Draw.AREA)
    ratio = draws.ratio(recipe.level.stretch, Draw.STRETCH)
    width, height = np.minimum(np.sqrt(area * ratio), 1), np.minimum(np.sqrt(area / ratio), 1)
    across = (1 - width) * draws.between(-1, 1, Draw.ACROSS)
    down = (1 - height) * draws.between(-1, 1, Draw.DOWN)
    return affine(len(draws), xx=width, x=across, yy=height, y=down)
