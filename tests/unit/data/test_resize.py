from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_sample_image

from graftwork.data.input_spec import Fit, InputSpec
from graftwork.data.resize import PAD_LEVEL, resize
from graftwork.plugin_api import Interpolation

if TYPE_CHECKING:
    from collections.abc import Callable

FITS = get_args(Fit)
INTERPOLATIONS = get_args(Interpolation)
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
SIDES = [(427, 640), (640, 427), (50, 60), (31, 200), (24, 24), (48, 7)]


def spec_of(
    fit: Fit = "squash",
    interpolation: Interpolation = "bicubic",
    *,
    size: int = 48,
    crop_fraction: float = 0.875,
    channels: int = 3,
) -> InputSpec:
    return InputSpec(
        size=size,
        channels=channels,
        fit=fit,
        crop_fraction=crop_fraction,
        interpolation=interpolation,
        mean=(0.5,) * channels,
        std=(0.5,) * channels,
    )


def photograph(height: int, width: int) -> np.ndarray:
    """A real photograph's corner: edges, texture, saturated places."""
    whole: np.ndarray = load_sample_image("china.jpg")
    return np.ascontiguousarray(whole.repeat(2, 0).repeat(2, 1)[200 : 200 + height, :width])


def resized(image: np.ndarray, spec: InputSpec) -> np.ndarray:
    pixels: np.ndarray = resize(torch.from_numpy(image)[None], spec)[0].permute(1, 2, 0).numpy()
    return pixels


def with_pillow(
    image: np.ndarray,
    interpolation: Interpolation,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> np.ndarray:
    """Pillow's passes one by one: by itself it may choose either order, and round otherwise."""
    left, top, right, bottom = box or (0, 0, image.shape[1], image.shape[0])
    kind = FILTERS[interpolation]
    across = Image.fromarray(image).resize(
        (size[0], image.shape[0]), kind, box=(left, 0, right, image.shape[0])
    )
    return np.asarray(across.resize(size, kind, box=(0, top, size[0], bottom)))


def assert_alike(ours: np.ndarray, pillow: np.ndarray) -> None:
    difference = np.abs(ours - pillow.astype(float))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize(("height", "width"), SIDES)
def test_squash_is_pillows_resize(interpolation: Interpolation, height: int, width: int) -> None:
    image = photograph(height, width)
    ours = resized(image, spec_of("squash", interpolation))
    assert_alike(ours, with_pillow(image, interpolation, (48, 48)))


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize(("height", "width"), SIDES)
def test_crop_is_pillows_resize_of_the_middle(
    interpolation: Interpolation, height: int, width: int
) -> None:
    image = photograph(height, width)
    side = min(height, width) * 0.875
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    ours = resized(image, spec_of("crop", interpolation))
    assert_alike(ours, with_pillow(image, interpolation, (48, 48), box))


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize(("height", "width"), [(200, 400), (400, 100), (12, 24), (96, 96)])
def test_pad_is_pillows_resize_on_grey(
    interpolation: Interpolation, height: int, width: int
) -> None:
    image = photograph(height, width)
    size = (48 * width // max(height, width), 48 * height // max(height, width))
    left, top = (48 - size[0]) // 2, (48 - size[1]) // 2
    expected = np.full((48, 48, 3), PAD_LEVEL, np.uint8)
    middle = with_pillow(image, interpolation, size)
    expected[top : top + size[1], left : left + size[0]] = middle
    assert_alike(resized(image, spec_of("pad", interpolation)), expected)


def test_pad_where_the_edge_falls_within_a_pixel_has_a_clean_edge() -> None:
    white = np.full((300, 427, 3), 255, np.uint8)
    values = np.unique(resized(white, spec_of("pad", "bicubic")))
    assert values.tolist() == [PAD_LEVEL, 255]


def test_pad_keeps_something_of_an_image_thinner_than_an_output_pixel() -> None:
    line = np.full((2, 1000, 3), 255, np.uint8)
    assert (resized(line, spec_of("pad", "bilinear")) == 255).any()


@pytest.mark.parametrize("fit", FITS)
def test_an_image_of_the_right_size_passes_unchanged(fit: Fit) -> None:
    image = photograph(48, 48)
    assert np.array_equal(resized(image, spec_of(fit, crop_fraction=1)), image)


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_batches_and_channels_do_not_mix(channels: int) -> None:
    images = torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (3, 40, 30, channels), np.uint8)
    )
    spec = spec_of("crop", "bilinear", size=16, channels=channels)
    together = resize(images, spec)
    assert together.shape == (3, channels, 16, 16)
    for index, channel in np.ndindex(3, channels):
        alone = resize(images[index : index + 1, :, :, channel : channel + 1], spec)
        assert torch.equal(alone[0, 0], together[index, channel])


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    fit=st.sampled_from(FITS),
    interpolation=st.sampled_from(INTERPOLATIONS),
    crop_fraction=st.floats(0.1, 1),
    level=st.integers(0, 255),
)
def test_a_flat_image_stays_flat(
    *,
    height: int,
    width: int,
    fit: Fit,
    interpolation: Interpolation,
    crop_fraction: float,
    level: int,
) -> None:
    flat = np.full((height, width, 1), level, np.uint8)
    ours = resized(
        flat, spec_of(fit, interpolation, size=16, crop_fraction=crop_fraction, channels=1)
    )
    assert (ours == level).any()
    assert set(np.unique(ours)) <= {level, PAD_LEVEL if fit == "pad" else level}


IN_ONNX = {
    **{(fit, way, 48): spec_of(fit, way) for fit in FITS for way in INTERPOLATIONS},
    ("squash", "bilinear", 224): spec_of("squash", "bilinear", size=224),
}


class Resizing(torch.nn.Module):
    """Resizes in all of these ways: exporting takes seconds, and so happens once."""

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(resize(images, spec) for spec in IN_ONNX.values())


@pytest.fixture(scope="module")
def in_onnx(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., np.ndarray]:
    """Resizes images in one of the ways, as an exported model does."""
    names = {way: "-".join(map(str, way)) for way in IN_ONNX}
    example = torch.from_numpy(np.stack([photograph(60, 50)] * 2))
    program = torch.onnx.export(
        Resizing().eval(),
        (example,),
        dynamo=True,
        dynamic_shapes=({0: "batch", 1: "height", 2: "width"},),
        output_names=list(names.values()),
        external_data=False,
        verbose=False,
    )
    assert program is not None
    file = tmp_path_factory.mktemp("resizing") / "resize.onnx"
    program.save(str(file))
    session = onnxruntime.InferenceSession(file)
    given = session.get_inputs()[0].name
    return lambda images, *way: session.run([names[way]], {given: images})[0]


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("fit", FITS)
def test_onnx_gives_the_same(
    fit: Fit, interpolation: Interpolation, in_onnx: Callable[..., np.ndarray]
) -> None:
    spec = spec_of(fit, interpolation)
    for batch, (height, width) in zip((1, 3, 1, 2, 1, 1), SIDES, strict=True):
        images = np.stack([photograph(height, width)] * batch)
        images[0] = images[0, ::-1]
        ours = resize(torch.from_numpy(images), spec).numpy()
        theirs = in_onnx(images, fit, interpolation, 48)
        assert theirs.shape == ours.shape
        assert np.abs(theirs - ours).max() <= 1
        assert (theirs != ours).mean() < 0.001


def test_exact_halves_round_alike_in_every_engine(in_onnx: Callable[..., np.ndarray]) -> None:
    """Rational weights make many exact halves; sums in another order must not tip them."""
    spec = spec_of("squash", "bilinear", size=224)
    images = load_sample_image("china.jpg")[None].copy()
    ours = resize(torch.from_numpy(images), spec).numpy()
    assert (in_onnx(images, "squash", "bilinear", 224) != ours).sum() <= 10
