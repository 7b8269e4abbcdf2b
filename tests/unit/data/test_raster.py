from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from graftwork.data.raster import MAX_PIXELS, Raster, check_size, in_common_depth, to_channels
from graftwork.plugin_api import UnusableImageError

COLORS = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(4)),
    elements=st.integers(0, 255),
)


@given(pixels=COLORS)
def test_an_opaque_image_is_its_colors(pixels: np.ndarray) -> None:
    pixels[:, :, 3] = 255
    opaque = Raster(pixels=pixels, colors="rgb", alpha="straight")
    assert np.array_equal(to_channels(opaque, 3), pixels[:, :, :3])


@given(pixels=COLORS)
def test_premultiplied_and_straight_alpha_show_the_same(pixels: np.ndarray) -> None:
    straight = Raster(pixels=pixels, colors="rgb", alpha="straight")
    multiplied = pixels.copy()
    multiplied[:, :, :3] = np.rint(pixels[:, :, :3] * (pixels[:, :, 3:] / 255))
    premultiplied = Raster(pixels=multiplied, colors="rgb", alpha="premultiplied")
    shown = [to_channels(raster, 3).astype(int) for raster in (straight, premultiplied)]
    assert np.abs(shown[0] - shown[1]).max() <= 1


@given(level=st.integers(0, 255), depth=st.sampled_from(["uint8", "uint16", "int32", "float32"]))
def test_grey_and_color_of_the_same_level_are_alike(level: int, depth: str) -> None:
    grey = Raster(pixels=np.full((3, 2, 1), level, depth), colors="grey")
    color = Raster(pixels=np.full((3, 2, 3), level, depth), colors="rgb")
    for channels in (1, 3):
        shown = to_channels(grey, channels), to_channels(color, channels)
        assert shown[0].shape == shown[1].shape == (3, 2, channels)
        assert shown[0].dtype == shown[1].dtype == depth
        assert np.allclose(shown[0], shown[1], rtol=1e-6)


def test_float_transparency_counts_to_one() -> None:
    pixels = np.full((2, 2, 4), (0.5, 0.5, 0.5, 0.5), np.float32)
    shown = to_channels(Raster(pixels=pixels, colors="rgb", alpha="straight"), 3)
    assert np.allclose(shown, 0.75)


def test_two_valued_pixels_become_black_and_white() -> None:
    assert in_common_depth(np.array([[[False], [True]]])).tolist() == [[[0], [255]]]


def test_sizes_up_to_the_limit_pass() -> None:
    check_size(MAX_PIXELS, 1)
    for width, bands in ((MAX_PIXELS + 1, 1), (MAX_PIXELS // 2, 16)):
        with pytest.raises(UnusableImageError, match="too large"):
            check_size(width, 1, bands)
