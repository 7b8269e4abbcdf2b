from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_sample_image

from graftwork.data.banded_resize import resize_images
from graftwork.data.filter_weights import filter_weights
from graftwork.data.input_spec import Fit, InputSpec
from graftwork.data.resize import resize, resize_by_products
from graftwork.plugin_api import Interpolation

FITS = get_args(Fit)
INTERPOLATIONS = get_args(Interpolation)


def spec_of(
    fit: Fit, interpolation: Interpolation, size: int, crop_fraction: float = 0.875
) -> InputSpec:
    return InputSpec(
        size=size,
        channels=3,
        fit=fit,
        crop_fraction=crop_fraction,
        interpolation=interpolation,
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
    )


def noise(height: int, width: int, channels: int = 3) -> torch.Tensor:
    made = np.random.default_rng(height * 10_007 + width)
    return torch.from_numpy(made.integers(0, 256, (height, width, channels), np.uint8))


def resize_image(image: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    return resize_images(image[None], spec)[0]


def by_products(image: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    return resize_by_products(image[None], spec)[0].permute(1, 2, 0).to(torch.uint8)


@settings(max_examples=150, deadline=None)
@given(
    height=st.integers(1, 500),
    width=st.integers(1, 500),
    channels=st.sampled_from([1, 3, 5]),
    size=st.sampled_from([8, 31, 48, 224]),
    fit=st.sampled_from(FITS),
    interpolation=st.sampled_from(INTERPOLATIONS),
    crop_fraction=st.floats(0.1, 1),
)
def test_it_gives_the_levels_of_the_whole_matrices(
    *,
    height: int,
    width: int,
    channels: int,
    size: int,
    fit: Fit,
    interpolation: Interpolation,
    crop_fraction: float,
) -> None:
    spec = spec_of(fit, interpolation, size, crop_fraction)
    image = noise(height, width, channels)
    ours, products = resize_image(image, spec), by_products(image, spec)
    assert ours.shape == products.shape == (size, size, channels)
    different = ours != products
    # Sums in another order can fall on the other side of a rounding: 1 of 10 million values did.
    assert different.sum() <= 1 + ours.numel() // 50_000
    assert (ours.int() - products.int()).abs().max() <= 1


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_levels_are_those_of_sums_in_double_precision(interpolation: Interpolation) -> None:
    """All but values whose exact sum lies closer to a rounding than single precision can tell."""
    spec = spec_of("squash", interpolation, 64)
    image = torch.from_numpy(load_sample_image("china.jpg")[:300, :401].copy())
    rows, columns = (axis.weights.double() for axis in filter_weights(image[None], spec))
    across = columns @ image.double().permute(2, 1, 0) + 0.501
    narrowed = across.floor().clamp(0, 255)
    down = rows @ narrowed.permute(0, 2, 1) + 0.501
    unclear = near_a_rounding(down) | near_a_rounding(across).any(2)[:, None]
    expected = down.floor().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
    different = resize_image(image, spec) != expected
    assert unclear.float().mean() < 0.2
    assert not (different & ~unclear.permute(1, 2, 0)).any()


def near_a_rounding(sums: torch.Tensor) -> torch.Tensor:
    return (sums - sums.round()).abs() < 1e-4


def test_an_image_of_many_strips_is_like_its_products() -> None:
    spec = spec_of("crop", "bicubic", 96)
    photograph = load_sample_image("flower.jpg").repeat(3, 0).repeat(3, 1)
    image = torch.from_numpy(np.ascontiguousarray(photograph))
    assert (resize_image(image, spec) != by_products(image, spec)).sum() <= 2


@pytest.mark.parametrize("fit", FITS)
def test_a_grey_image_in_three_channels_is_like_its_one_channel(fit: Fit) -> None:
    grey = noise(70, 90, 1)
    spec = spec_of(fit, "bicubic", 32)
    one = resize_image(grey, spec)
    assert torch.equal(
        resize_image(grey.expand(-1, -1, 3).contiguous(), spec), one.expand(-1, -1, 3)
    )


def test_an_image_that_is_grey_in_its_first_row_alone_keeps_its_colors() -> None:
    image = noise(40, 40)
    image[0] = 100
    spec = spec_of("squash", "bilinear", 16)
    assert torch.equal(resize_image(image, spec), by_products(image, spec))


def test_channels_do_not_touch_each_other() -> None:
    image = noise(333, 219)
    spec = spec_of("squash", "bicubic", 48)
    alone = [resize_image(image[:, :, [channel]], spec) for channel in range(3)]
    assert torch.equal(resize_image(image, spec), torch.cat(alone, 2))


def test_a_batch_on_the_processor_is_its_images_one_by_one() -> None:
    images = torch.stack([noise(50, 60), noise(50, 60).flip(0)])
    spec = spec_of("pad", "bicubic", 24)
    together = resize(images, spec)
    assert together.dtype == torch.float32
    for pixels, image in zip(together, images, strict=True):
        assert torch.equal(pixels, resize_image(image, spec).permute(2, 0, 1).float())


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(2, 5),
    height=st.integers(1, 200),
    width=st.integers(1, 200),
    channels=st.sampled_from([1, 3]),
    fit=st.sampled_from(FITS),
)
def test_an_image_among_others_is_what_it_is_alone(
    *, count: int, height: int, width: int, channels: int, fit: Fit
) -> None:
    images = torch.stack([noise(height, width, channels).roll(shift) for shift in range(count)])
    spec = spec_of(fit, "bicubic", 48)
    alone = torch.stack([resize_image(image, spec) for image in images])
    assert torch.equal(resize_images(images, spec), alone)


def test_a_grey_image_among_colored_ones_is_what_it_is_alone() -> None:
    grey = noise(70, 90, 1).expand(-1, -1, 3)
    images, spec = torch.stack([noise(70, 90), grey]), spec_of("squash", "bicubic", 32)
    assert torch.equal(resize_images(images, spec)[1], resize_image(grey, spec))


def test_an_empty_batch_stays_empty() -> None:
    images = torch.empty((0, 9, 9, 3), dtype=torch.uint8)
    assert resize(images, spec_of("crop", "bilinear", 8)).shape == (0, 3, 8, 8)


def test_weights_made_in_inference_mode_serve_outside_of_it() -> None:
    image, spec = noise(61, 67), spec_of("pad", "bicubic", 16)
    with torch.inference_mode():
        inside = resize_image(image, spec).clone()
    assert torch.equal(resize_image(image, spec), inside)
