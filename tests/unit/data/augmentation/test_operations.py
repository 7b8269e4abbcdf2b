"""The policies' operations on pixels, against torchvision's and Pillow's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_image
from torchvision.transforms.v2 import functional

from graftwork.data.augmentation.operations import (
    apply_operations,
    auto_contrast,
    equalize,
    posterize,
    sharpen,
    solarize,
)
from graftwork.data.augmentation.policy import Drawn, Operation


@pytest.fixture
def images():
    """Three parts of a photograph, the last of only two levels, and one of a single level."""
    flower = torch.from_numpy(load_sample_image("flower.jpg")[:64, :192].copy()).permute(2, 0, 1)
    cut = torch.stack(flower.split(64, dim=2))
    cut[2] = torch.where(cut[2] > cut[2].median(), 200, 30)
    return torch.cat([cut, torch.full_like(cut[:1], 77)])


def amounts(*values):
    return torch.tensor(values).view(-1, 1, 1, 1)


def pairs(images, change, values):
    changed = change(images.float(), amounts(*values))
    return list(zip(images, changed, values, strict=True))


def test_sharpening_is_torchvisions(images):
    for image, changed, factor in pairs(images, sharpen, [0.0, 0.5, 1.7, 1.0]):
        expected = functional.adjust_sharpness(image, factor).float()
        assert (changed - expected).abs().max() <= 1


def test_posterizing_is_torchvisions(images):
    for image, changed, bits in pairs(images, posterize, [2, 4, 7, 8]):
        assert torch.equal(changed, functional.posterize(image, bits).float())


def test_solarizing_is_torchvisions(images):
    for image, changed, lowest in pairs(images, solarize, [0.0, 100.0, 178.5, 255.0]):
        assert torch.equal(changed, functional.solarize(image, lowest).float())


def test_automatic_contrast_is_torchvisions(images):
    for image, changed, _ in pairs(images, auto_contrast, [0] * 4):
        assert (changed - functional.autocontrast(image).float()).abs().max() < 1.001


def test_equalizing_is_pillows(images):
    for image, changed, _ in pairs(images, equalize, [0] * 4):
        expected = ImageOps.equalize(Image.fromarray(image.permute(1, 2, 0).numpy()))
        assert np.array_equal(changed.permute(1, 2, 0).numpy(), np.array(expected))


def test_only_the_images_change_for_which_it_was_drawn(images):
    pixels = images.float()
    apply_operations(
        pixels,
        Drawn(
            operation=np.array([Operation.SOLARIZE, Operation.ROTATE, Operation.POSTERIZE, 0]),
            amount=np.array([0.0, 45.0, 2.0, 0.0]),
        ),
    )
    assert torch.equal(pixels[0], 255 - images[0].float())
    assert torch.equal(pixels[1], images[1].float())
    assert pixels[2].unique().tolist() == [0, 192]
    assert torch.equal(pixels[3], images[3].float())
