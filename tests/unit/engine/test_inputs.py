from __future__ import annotations

import numpy as np
import pytest
import torch

from graftwork.engine.inputs import PixelSamples
from graftwork.engine.steps import batch_count


def _samples(rows, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    labels = torch.arange(len(rows)) % 3
    return PixelSamples(pixels=pixels, rows=np.array(rows), labels=labels)


def test_pixels_come_by_place_in_their_part():
    samples = _samples([5, 3, 8])
    batch = samples.batch(torch.tensor([2, 0]))
    assert batch.shape == (2, 3, 32, 32)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch[0].permute(1, 2, 0), torch.from_numpy(samples.pixels[8]))


def test_a_batch_can_be_changed_without_changing_the_images():
    samples = _samples([0])
    before = samples.pixels.copy()
    samples.batch(torch.tensor([0])).zero_()
    assert np.array_equal(samples.pixels, before)


@pytest.mark.parametrize(
    ("images", "size", "batches"),
    [(8, 4, 2), (9, 4, 2), (10, 4, 3), (1, 4, 1), (3, 4, 1), (2, 1, 2)],
)
def test_a_lone_last_image_is_left_out_of_an_epoch(images, size, batches):
    assert batch_count(images, size) == batches
