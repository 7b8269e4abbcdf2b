"""What the policies draw."""

from __future__ import annotations

import numpy as np
import pytest

from graftwork.data.augmentation.policy import (
    Drawn,
    Operation,
    drawn_operations,
    operation_maps,
)
from graftwork.data.augmentation.recipe import recipe_for
from graftwork.data.augmentation.seeds import Draws
from graftwork.engine.training_settings import AugmentationSettings

DRAWS = Draws(range(5600))
BOUNDS = {
    "trivial-augment": {
        Operation.IDENTITY: (0, 0),
        Operation.SHEAR_X: (-0.99, 0.99),
        Operation.SHEAR_Y: (-0.99, 0.99),
        Operation.TRANSLATE_X: (-32 / 224, 32 / 224),
        Operation.TRANSLATE_Y: (-32 / 224, 32 / 224),
        Operation.ROTATE: (-135, 135),
        Operation.BRIGHTNESS: (0.01, 1.99),
        Operation.CONTRAST: (0.01, 1.99),
        Operation.SATURATION: (0.01, 1.99),
        Operation.SHARPNESS: (0.01, 1.99),
        Operation.POSTERIZE: (2, 8),
        Operation.SOLARIZE: (0, 255),
        Operation.AUTO_CONTRAST: (0, 0),
        Operation.EQUALIZE: (0, 0),
    },
    "rand-augment": {
        Operation.IDENTITY: (0, 0),
        Operation.SHEAR_X: (-0.09, 0.09),
        Operation.SHEAR_Y: (-0.09, 0.09),
        Operation.TRANSLATE_X: (-45 / 331, 45 / 331),
        Operation.TRANSLATE_Y: (-45 / 331, 45 / 331),
        Operation.ROTATE: (-9, 9),
        Operation.BRIGHTNESS: (0.73, 1.27),
        Operation.CONTRAST: (0.73, 1.27),
        Operation.SATURATION: (0.73, 1.27),
        Operation.SHARPNESS: (0.73, 1.27),
        Operation.POSTERIZE: (7, 7),
        Operation.SOLARIZE: (178.5, 178.5),
        Operation.AUTO_CONTRAST: (0, 0),
        Operation.EQUALIZE: (0, 0),
    },
}
MOVING = [
    Operation.SHEAR_X,
    Operation.SHEAR_Y,
    Operation.TRANSLATE_X,
    Operation.TRANSLATE_Y,
    Operation.ROTATE,
]


def drawn(policy, domain="photographs"):
    wishes = AugmentationSettings(policy=policy, domain=domain)
    return drawn_operations(recipe_for("none", wishes), DRAWS)


def test_without_a_policy_nothing_is_drawn():
    assert drawn("none") == []


@pytest.mark.parametrize(("policy", "count"), [("trivial-augment", 1), ("rand-augment", 2)])
def test_every_operation_is_drawn_alike_within_the_published_bounds(policy, count):
    found = drawn(policy)
    assert len(found) == count
    for each in found:
        for operation, (low, high) in BOUNDS[policy].items():
            amounts = each.amount[each.operation == operation]
            assert len(amounts) == pytest.approx(400, abs=100)
            assert amounts.min() == pytest.approx(low, abs=0.02 * max(high - low, 1e-6))
            assert amounts.max() == pytest.approx(high, abs=0.02 * max(high - low, 1e-6))


def test_the_two_operations_are_drawn_apart():
    first, second = drawn("rand-augment")
    assert (first.operation == second.operation).mean() == pytest.approx(1 / 14, abs=0.02)


def test_the_two_operations_go_their_own_way():
    """Of both that move an image, one goes as often against the other as with it."""
    first, second = drawn("rand-augment")
    both = np.isin(first.operation, MOVING) & np.isin(second.operation, MOVING)
    agreed = np.sign(first.amount[both]) == np.sign(second.amount[both])
    assert agreed.mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("policy", BOUNDS)
def test_documents_are_turned_and_sheared_less(policy):
    for each in drawn(policy, "documents"):
        turned, sheared = each.of(Operation.ROTATE, 0), each.of(Operation.SHEAR_X, 0)
        assert 0 < np.abs(turned).max() <= 15
        assert 0 < np.abs(sheared).max() <= 0.2


def test_operations_that_move_become_maps():
    moving = Drawn(
        operation=np.array([*MOVING, Operation.SOLARIZE]),
        amount=np.array([0.5, 0.25, 0.1, -0.1, 90.0, 100.0]),
    )
    corner = (operation_maps(moving) @ [1.0, 1.0, 1.0])[:, :2]
    expected = [[1.5, 1], [1, 1.25], [1.2, 1], [1, 0.8], [-1, 1], [1, 1]]
    np.testing.assert_allclose(corner, expected, atol=1e-12)
