from __future__ import annotations

import pytest
import torch

from graftwork.data.augmentation import build_augmentation, sample_seed

LEVELS = ["light", "strong"]


def _pixels(channels=3, count=4):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, channels, 32, 32), generator=generator, dtype=torch.uint8)


def test_none_changes_nothing_at_all():
    assert build_augmentation("none", size=32, channels=3) is None


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_shape_and_type_stay(level, channels):
    augment = build_augmentation(level, size=32, channels=channels)
    changed = augment(_pixels(channels), [1, 2, 3, 4])
    assert changed.shape == (4, channels, 32, 32)
    assert changed.dtype == torch.uint8


@pytest.mark.parametrize("level", LEVELS)
def test_an_image_depends_on_its_own_seed_alone(level):
    augment = build_augmentation(level, size=32, channels=3)
    pixels = _pixels()
    together = augment(pixels, [7, 8, 9, 10])
    alone = augment(pixels[2:3], [9])
    assert torch.equal(together[2], alone[0])
    assert not torch.equal(augment(pixels[2:3], [11])[0], alone[0])


@pytest.mark.parametrize("level", LEVELS)
def test_no_other_random_number_is_touched(level):
    augment = build_augmentation(level, size=32, channels=3)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    augment(_pixels(), [1, 2, 3, 4])
    assert torch.equal(torch.rand(3), expected)


def test_light_never_flips():
    """An arrow that points right still does, whatever the seed."""
    arrow = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    arrow[..., 8:24, 20:28] = 255
    augment = build_augmentation("light", size=32, channels=3)
    for seed in range(50):
        changed = augment(arrow, [seed])[0, 0].float()
        assert changed[8:24, 16:].sum() > changed[8:24, :16].sum()


def test_seeds_depend_on_every_part_and_repeat():
    assert sample_seed(1, 2, 3) == sample_seed(1, 2, 3)
    parts = [(1, 2, 3), (1, 2, 4), (1, 3, 3), (2, 2, 3), (12, 3), (1, 23)]
    assert len({sample_seed(*p) for p in parts}) == len(parts)
    assert all(0 <= sample_seed(*p) < 2**63 for p in parts)
