"""Whole batches: what is promised to training."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from graftwork.data.augmentation import build_augmentation
from graftwork.data.augmentation.colors import drawn_factors
from graftwork.data.augmentation.policy import Operation, drawn_operations
from graftwork.data.augmentation.recipe import recipe_for
from graftwork.data.augmentation.seeds import Draws
from graftwork.engine.training_settings import AugmentationSettings

CHOICES = [
    ("light", {}),
    ("light", {"domain": "photographs", "policy": "rand-augment"}),
    ("strong", {"domain": "microscopy"}),
    ("none", {"policy": "trivial-augment", "erasing": 0.5}),
    ("none", {"erasing": 1.0}),
]
SEEDS = list(range(40))


def augmentation(level, **wishes):
    return build_augmentation(level, AugmentationSettings(**wishes))


def pixels(channels=3, count=40, size=32):
    generator = torch.Generator().manual_seed(1)
    shape = (count, size, size, channels)
    drawn = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    return drawn.permute(0, 3, 1, 2)


def test_none_changes_nothing_at_all():
    assert augmentation("none", domain="microscopy") is None


@pytest.mark.parametrize(("level", "wishes"), CHOICES)
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_shape_order_and_range_stay(level, wishes, channels):
    given = pixels(channels)
    before = given.clone()
    changed = augmentation(level, **wishes)(given, SEEDS)
    assert changed.shape == given.shape
    assert changed.dtype == torch.float32
    assert changed.is_contiguous(memory_format=torch.channels_last)
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert torch.equal(given, before)


@pytest.mark.parametrize(("level", "wishes"), CHOICES)
@pytest.mark.parametrize("size", [32, 37])
def test_an_image_depends_on_its_own_seed_alone(level, wishes, size):
    augment, given = augmentation(level, **wishes), pixels(size=size)
    together = augment(given, SEEDS)
    for place in SEEDS:
        alone = augment(given[place : place + 1], [place])
        assert torch.equal(together[place], alone[0]), place
    backwards = augment(given.flip(0), SEEDS[::-1])
    assert torch.equal(together, backwards.flip(0))


@pytest.mark.parametrize(("level", "wishes"), CHOICES)
def test_another_seed_changes_an_image_otherwise(level, wishes):
    augment, given = augmentation(level, **wishes), pixels()
    first, second = augment(given, SEEDS), augment(given, [seed + 100 for seed in SEEDS])
    assert (first != second).flatten(1).any(1).float().mean() > 0.8


@pytest.mark.parametrize(("level", "wishes"), CHOICES)
def test_threads_do_not_change_a_bit(level, wishes):
    augment, given, before = augmentation(level, **wishes), pixels(size=64), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = augment(given, SEEDS)
        torch.set_num_threads(3)
        assert torch.equal(augment(given, SEEDS), one)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("level", "wishes"), CHOICES)
def test_no_other_random_number_is_touched(level, wishes):
    def drawn():
        return torch.rand(3).tolist(), random.random(), np.random.default_rng(0).random()

    torch.manual_seed(5)
    random.seed(5)
    expected = drawn()
    torch.manual_seed(5)
    random.seed(5)
    augmentation(level, **wishes)(pixels(), SEEDS)
    assert drawn() == expected


def test_the_values_of_many_channels_are_never_recolored():
    """Each channel of a flat image keeps its level, wherever its pixels go."""
    flat = torch.arange(0, 250, 50, dtype=torch.uint8).view(1, 5, 1, 1).expand(40, 5, 32, 32)
    changed = augmentation("light", policy="trivial-augment")(flat, SEEDS)
    torch.testing.assert_close(changed, flat.float(), atol=0.01, rtol=0)


def seeds_of(operation, place):
    """Seeds that draw this as the first (0) or second (1) of two operations, and no other."""
    recipe = recipe_for("none", AugmentationSettings(policy="rand-augment"))
    drawn = [each.operation for each in drawn_operations(recipe, Draws(range(4000)))]
    chosen = (drawn[place] == operation) & (drawn[1 - place] == Operation.IDENTITY)
    return np.flatnonzero(chosen).tolist()


@pytest.mark.parametrize("place", [0, 1])
def test_either_of_two_operations_inverts_lights(place):
    seeds = seeds_of(Operation.SOLARIZE, place)
    given = pixels(count=len(seeds))
    changed = augmentation("none", policy="rand-augment")(given, seeds)
    expected = torch.where(given > 178, 255 - given, given).float()
    torch.testing.assert_close(changed, expected, atol=0.01, rtol=0)


@pytest.mark.parametrize("place", [0, 1])
def test_either_of_two_operations_turns_the_image(place):
    seeds = seeds_of(Operation.ROTATE, place)
    given = pixels(count=len(seeds))
    changed = augmentation("none", policy="rand-augment")(given, seeds)
    moved = (changed - given).abs() > 1
    assert moved.flatten(1).float().mean(1).min() > 0.9


def test_contrast_is_about_the_mean_grey_of_the_image_before_it_is_zoomed():
    """Its left half is black and its right half white, which is no longer so of the part shown."""
    seeds = range(200)
    factors = drawn_factors(recipe_for("light", AugmentationSettings()), Draws(seeds), [])
    halves = torch.zeros(200, 1, 64, 64, dtype=torch.uint8)
    halves[..., 32:] = 255
    changed = augmentation("light", domain="documents")(halves, seeds)
    black = factors.brightness * (1 - factors.contrast) * 127.5
    np.testing.assert_allclose(changed[:, 0, 32, 0], black.clip(0), atol=0.01)


def corner(channels=3):
    """Bright where the image is left and above, with a mark that tells it from its mirror."""
    image = torch.zeros(1, channels, 64, 64, dtype=torch.uint8)
    image[..., 8:32, 8:32] = 255
    image[..., 8:56, 8:14] = 255
    return image.expand(200, -1, -1, -1)


def brightest_quarters(level, domain):
    """How often each quarter of the changed image is the brightest."""
    changed = augmentation(level, domain=domain)(corner(), range(200)).mean(1)
    quarters = torch.nn.functional.adaptive_avg_pool2d(changed, 2).flatten(1)
    return torch.bincount(quarters.argmax(1), minlength=4).tolist()


def test_documents_stay_as_they_stand():
    assert brightest_quarters("light", "documents")[0] > 195


def test_photographs_are_mirrored_left_to_right_alone():
    above_left, above_right, *below = brightest_quarters("light", "photographs")
    assert min(above_left, above_right) > 70
    assert sum(below) < 5


def test_microscopy_is_turned_to_every_side():
    assert min(brightest_quarters("light", "microscopy")) > 25
