"""The one resampling, against SciPy and torchvision."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from graftwork.data.augmentation.geometry import affine, rotation
from graftwork.data.augmentation.resampling import resampled

SIZE = 48


@pytest.fixture
def smooth():
    """Smooth pixels (1, 3, 48, 48) without any symmetry."""
    noise = np.random.default_rng(0).normal(size=(3, SIZE, SIZE))
    blurred = ndimage.gaussian_filter(noise, (0, 4, 4))
    scaled = 255 * (blurred - blurred.min()) / np.ptp(blurred)
    return torch.from_numpy(scaled.astype(np.float32))[None]


MAPS = {
    "zoom": affine(1, xx=0.7, x=0.2, yy=0.8, y=-0.1),
    "turn": rotation(np.array([25.0])),
    "shear": affine(1, xy=0.3),
    "all": rotation(np.array([-70.0])) @ affine(1, xx=-0.8, x=0.1, yx=0.2, yy=0.7),
}


@pytest.mark.parametrize("border", ["border", "reflection"])
@pytest.mark.parametrize("name", MAPS)
def test_it_does_what_scipy_does(smooth, name, border):
    """SciPy's maps are in pixels, with rows first."""
    middle, half = (SIZE - 1) / 2, SIZE / 2
    in_rows = MAPS[name][0][[1, 0]][:, [1, 0, 2]]
    offset = middle - in_rows[:, :2] @ [middle, middle] + half * in_rows[:, 2]
    mode = {"border": "nearest", "reflection": "reflect"}[border]
    expected = [
        ndimage.affine_transform(channel, in_rows[:, :2], offset, order=1, mode=mode)
        for channel in smooth[0].numpy()
    ]
    found = resampled(smooth, MAPS[name], border)[0].numpy()
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_its_geometry_is_torchvisions(smooth):
    """An image that torchvision turns and scales up is one whose source is turned and smaller."""
    expected = functional.affine(
        smooth,
        angle=30,
        translate=[0, 0],
        scale=1.6,
        shear=[0, 0],
        interpolation=InterpolationMode.BILINEAR,
    )
    maps = rotation(np.array([-30.0])) @ affine(1, xx=1 / 1.6, yy=1 / 1.6)
    found = resampled(smooth, maps, "border")
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0)


def test_a_map_that_moves_nothing_gives_the_image(smooth):
    torch.testing.assert_close(resampled(smooth, affine(1), "border"), smooth, atol=0.01, rtol=0)


@pytest.mark.parametrize(("quarters", "same"), [(1, 1), (2, 2), (3, 3)])
def test_right_angles_are_exact(smooth, quarters, same):
    found = resampled(smooth, rotation(np.array([90.0 * quarters])), "border")
    torch.testing.assert_close(found, smooth.rot90(same, (2, 3)), atol=0.01, rtol=0)
