"""Which operations a policy draws for each image, and how far each goes.

TrivialAugment: Müller and Hutter (2021), one operation, its strength uniform in the "wide" space.
RandAugment: Cubuk et al. (2020), two operations of strength 9 of 30. Operations that only move
pixels become part of the image's one map, and those that only change brightness, contrast and
saturation part of its one color step. Distances are parts of the side, as 32 pixels are of 224,
and shears are about the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto

import numpy as np
import numpy.typing as npt

from .geometry import Maps, affine, rotation
from .recipe import Recipe
from .seeds import SECOND_OPERATION, Draw, Draws, Numbers


class Operation(IntEnum):
    """The fourteen operations that both policies share."""

    IDENTITY = 0
    SHEAR_X = auto()
    SHEAR_Y = auto()
    TRANSLATE_X = auto()
    TRANSLATE_Y = auto()
    ROTATE = auto()
    BRIGHTNESS = auto()
    CONTRAST = auto()
    SATURATION = auto()
    SHARPNESS = auto()
    POSTERIZE = auto()
    SOLARIZE = auto()
    AUTO_CONTRAST = auto()
    EQUALIZE = auto()


@dataclass(frozen=True, kw_only=True)
class _Reach:
    """How far operations go at full strength; ``strength`` is drawn if it is None."""

    operations: int
    strength: float | None
    shear: float
    shift: float
    turn: float
    color: float
    posterized_bits: float


_REACHES = {
    "trivial-augment": _Reach(
        operations=1,
        strength=None,
        shear=0.99,
        shift=32 / 224,
        turn=135,
        color=0.99,
        posterized_bits=6,
    ),
    "rand-augment": _Reach(
        operations=2,
        strength=9 / 30,
        shear=0.3,
        shift=150 / 331,
        turn=30,
        color=0.9,
        posterized_bits=4,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One operation for each image: which (N,), and its amount in its own unit (N,).

    The unit of shears is their tangent; of shifts, the side; of turns, degrees; of colors and
    sharpness, the factor; of posterizing, the bits that are left; of solarizing, the lowest level
    that is inverted.
    """

    operation: npt.NDArray[np.int64]
    amount: Numbers

    def of(self, operation: Operation, otherwise: float) -> Numbers:
        """The amount where this operation was drawn, ``otherwise`` elsewhere."""
        return np.where(self.operation == operation, self.amount, otherwise)


def drawn_operations(recipe: Recipe, draws: Draws) -> list[Drawn]:
    """The policy's operations, in the order in which they act; none without a policy."""
    if recipe.level.policy == "none":
        return []
    reach = _REACHES[recipe.level.policy]
    return [
        _drawn(recipe, reach, draws, number * SECOND_OPERATION)
        for number in range(reach.operations)
    ]


def _drawn(recipe: Recipe, reach: _Reach, draws: Draws, further: int) -> Drawn:
    operation = np.floor(draws.between(0, len(Operation), Draw.OPERATION + further)).astype(int)
    strength = draws.unit(Draw.STRENGTH + further)
    if reach.strength is not None:
        strength = np.full(len(draws), reach.strength)
    sign = np.where(draws.unit(Draw.DIRECTION + further) < 0.5, -1.0, 1.0)
    amounts = _amounts(recipe, reach, strength, sign)
    return Drawn(operation=operation, amount=np.select(*_cases(operation, amounts), 0.0))


def _cases(
    operation: npt.NDArray[np.int64], amounts: dict[Operation, Numbers]
) -> tuple[list[npt.NDArray[np.bool_]], list[Numbers]]:
    return [operation == each for each in amounts], list(amounts.values())


def _amounts(
    recipe: Recipe, reach: _Reach, strength: Numbers, sign: Numbers
) -> dict[Operation, Numbers]:
    signed = sign * strength
    shear = signed * min(reach.shear, recipe.rules.policy_shear)
    factor = 1 + signed * reach.color
    return {
        Operation.SHEAR_X: shear,
        Operation.SHEAR_Y: shear,
        Operation.TRANSLATE_X: signed * reach.shift,
        Operation.TRANSLATE_Y: signed * reach.shift,
        Operation.ROTATE: signed * min(reach.turn, recipe.rules.policy_turn),
        Operation.BRIGHTNESS: factor,
        Operation.CONTRAST: factor,
        Operation.SATURATION: factor,
        Operation.SHARPNESS: factor,
        Operation.POSTERIZE: 8 - np.round(strength * reach.posterized_bits),
        Operation.SOLARIZE: 255 * (1 - strength),
    }


def operation_maps(drawn: Drawn) -> Maps:
    """The maps of the operations that move pixels; elsewhere nothing moves."""
    sheared = affine(
        len(drawn.amount),
        xy=drawn.of(Operation.SHEAR_X, 0),
        x=2 * drawn.of(Operation.TRANSLATE_X, 0),
        yx=drawn.of(Operation.SHEAR_Y, 0),
        y=2 * drawn.of(Operation.TRANSLATE_Y, 0),
    )
    return sheared @ rotation(drawn.of(Operation.ROTATE, 0))
