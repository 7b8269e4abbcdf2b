"""Which part of an image is erased."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graftwork.data.augmentation.erasing import erase
from graftwork.data.augmentation.recipe import recipe_for
from graftwork.data.augmentation.seeds import Draws
from graftwork.engine.training_settings import AugmentationSettings

SIZE = 64


def erased(part, count=600):
    """Which pixels (count, 64, 64) are erased."""
    pixels = torch.zeros(count, 2, SIZE, SIZE)
    recipe = recipe_for("none", AugmentationSettings(erasing=part))
    erase(pixels, recipe, Draws(range(count)))
    assert set(pixels.unique().tolist()) <= {0, 127}
    assert torch.equal(pixels[:, 0], pixels[:, 1])
    return (pixels[:, 0] == 127).numpy()


def test_as_many_images_are_erased_as_was_asked():
    assert erased(0.4).any((1, 2)).mean() == pytest.approx(0.4, abs=0.06)
    assert erased(1).any((1, 2)).all()


def test_one_rectangle_of_the_published_size_is_erased():
    for mask in erased(1, 200):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert mask.sum() == len(rows) * len(columns)
        assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert 0.01 < mask.mean() < 0.36
        assert 1 / 4 < len(rows) / len(columns) < 4


def test_every_place_can_be_erased():
    often = erased(1).mean(0)
    assert often.min() > 0
    assert often.max() < 0.5
