from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from graftwork.data.decoding import decode
from graftwork.data.tiff import is_deep_tiff, read_tiff
from graftwork.plugin_api import UnusableImageError

RAMP = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30) * 100


def written(file: Path, pixels: np.ndarray, **options: Any) -> Path:
    tifffile.imwrite(file, pixels, **options)
    return file


@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd", "lzma", "packbits"])
@pytest.mark.parametrize("predictor", [False, True])
def test_sixteen_bits_are_kept_however_packed(
    tmp_path: Path, compression: str | None, predictor: bool
) -> None:
    predictor = predictor and compression not in (None, "packbits")
    file = written(tmp_path / "a.tif", RAMP, compression=compression, predictor=predictor)
    assert np.array_equal(decode(file, 1)[:, :, 0], RAMP)
    assert is_deep_tiff(file)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("uint16", "uint16"),
        ("int16", "int32"),
        ("int32", "int32"),
        ("uint32", "int32"),
        ("float16", "float32"),
        ("float32", "float32"),
        ("float64", "float32"),
    ],
)
def test_depths(tmp_path: Path, given: str, kept: str, byteorder: str) -> None:
    values = RAMP.astype(given)
    image = decode(written(tmp_path / "a.tif", values, byteorder=byteorder), 1)
    assert image.dtype == kept
    assert image.dtype.isnative
    assert np.array_equal(image[:, :, 0], values.astype(kept))


def test_counts_too_large_for_whole_numbers_become_floats(tmp_path: Path) -> None:
    file = written(tmp_path / "a.tif", np.full((4, 4), 2**32 - 1, np.uint32))
    assert decode(file, 1).dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path: Path, bad: float) -> None:
    pixels = RAMP.astype(np.float32)
    pixels[3, 4] = bad
    with pytest.raises(UnusableImageError, match="not numbers"):
        decode(written(tmp_path / "a.tif", pixels), 1)


def test_complex_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableImageError, match="complex"):
        decode(written(tmp_path / "a.tif", RAMP.astype(np.complex64)), 1)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_deep_color_and_its_transparency(tmp_path: Path, planar: str) -> None:
    rgba = np.stack([RAMP, RAMP[::-1], RAMP, np.full_like(RAMP, 65535)], 2)
    rgba[0, 0, 3] = 0
    pixels = rgba if planar == "contig" else np.moveaxis(rgba, 2, 0)
    options = {"photometric": "rgb", "planarconfig": planar, "extrasamples": ["unassalpha"]}
    image = decode(written(tmp_path / "a.tif", pixels, **options), 3)
    assert image.dtype == np.uint16
    assert image[0, 0].tolist() == [65535] * 3
    assert np.array_equal(image[1:], rgba[1:, :, :3])


def test_premultiplied_color_is_not_darkened_twice(tmp_path: Path) -> None:
    half = np.zeros((4, 4, 4), np.uint16)
    half[:] = (10000, 0, 0, 32768)
    options = {"photometric": "rgb", "extrasamples": ["assocalpha"]}
    image = decode(written(tmp_path / "a.tif", half, **options), 3)
    assert np.abs(image[0, 0].astype(int) - (10000 + 32767, 32767, 32767)).max() <= 1


@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_where_the_minimum_is_white_values_are_turned(tmp_path: Path, depth: str) -> None:
    pixels = (RAMP // 257).astype(depth)
    image = decode(written(tmp_path / "a.tif", pixels, photometric="miniswhite"), 1)
    assert np.array_equal(image[:, :, 0], np.iinfo(depth).max - pixels)


def test_deep_cmyk(tmp_path: Path) -> None:
    red = np.zeros((4, 4, 4), np.uint16)
    red[:] = (0, 65535, 65535, 0)
    image = decode(written(tmp_path / "a.tif", red, photometric="separated"), 3)
    assert image[0, 0].tolist() == [65535, 0, 0]


@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("layout", ["contig", "separate", "pages"])
def test_many_bands(tmp_path: Path, layout: str, depth: str) -> None:
    bands = (np.arange(5)[:, None, None] * 40 + RAMP // 1000).astype(depth)
    pixels = np.moveaxis(bands, 0, 2) if layout == "contig" else bands
    planar = None if layout == "pages" else layout
    options = {"photometric": "minisblack", "planarconfig": planar}
    file = written(tmp_path / "a.tif", pixels, **options)
    assert np.array_equal(decode(file, 5), np.moveaxis(bands, 0, 2))
    with pytest.raises(UnusableImageError, match="6 are wanted"):
        decode(file, 6)


def test_many_bands_are_no_color(tmp_path: Path) -> None:
    options = {"photometric": "minisblack", "planarconfig": "contig"}
    file = written(tmp_path / "a.tif", np.zeros((9, 9, 5), np.uint16), **options)
    with pytest.raises(UnusableImageError, match="set the channels to 5"):
        decode(file, 3)


def test_infrared_beside_color_is_left_out_of_color(tmp_path: Path) -> None:
    pixels = np.stack([RAMP // 2, RAMP // 3, RAMP // 4, RAMP], 2)
    options = {"photometric": "rgb", "extrasamples": ["unspecified"]}
    file = written(tmp_path / "a.tif", pixels, **options)
    assert np.array_equal(decode(file, 3), pixels[:, :, :3])
    assert np.array_equal(decode(file, 4), pixels)


def test_pages_are_colors_only_where_the_file_calls_them_channels(tmp_path: Path) -> None:
    pages = np.stack([RAMP, RAMP // 2, RAMP // 4])
    channels = written(tmp_path / "c.tif", pages, imagej=True, metadata={"axes": "CYX"})
    assert np.array_equal(decode(channels, 3), np.moveaxis(pages, 0, 2))
    depths = written(tmp_path / "z.tif", pages, imagej=True, metadata={"axes": "ZYX"})
    assert np.array_equal(decode(depths, 3), np.stack([RAMP] * 3, 2))
    assert np.array_equal(decode(channels, 1)[:, :, 0], RAMP)


def test_common_files_are_left_to_pillow(tmp_path: Path) -> None:
    color = np.stack([RAMP // 257] * 3, 2).astype(np.uint8)
    assert read_tiff(written(tmp_path / "a.tif", color, photometric="rgb"), 3) is None
    assert read_tiff(written(tmp_path / "b.tif", color[:, :, 0]), 1) is None


@pytest.mark.parametrize("compression", ["jpeg", "jpeg2000", "webp", "zstd"])
def test_rarer_packings_of_eight_bit_color(tmp_path: Path, compression: str) -> None:
    color = np.stack([RAMP // 257] * 3, 2).astype(np.uint8)
    file = written(tmp_path / "a.tif", color, photometric="rgb", compression=compression)
    image = decode(file, 3)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - color).mean() < 4


def test_a_huge_image_is_refused_by_its_header(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    with tifffile.TiffWriter(file) as writer:
        tile = np.zeros((1024, 1024), np.uint16)
        tiles = (tile for _ in range(400))
        shape, options = (20_480, 20_480), {"tile": (1024, 1024), "compression": "zlib"}
        writer.write(tiles, shape=shape, dtype=np.uint16, **options)
    with pytest.raises(UnusableImageError, match="20480 x 20480"):
        decode(file, 1)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_a_deep_file_cut_off_is_refused(
    tmp_path: Path, compression: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    file = written(tmp_path / "a.tif", RAMP, compression=compression, rowsperstrip=4)
    content = file.read_bytes()
    for kept in (0.05, 0.3, 0.6, 0.95):
        file.write_bytes(content[: int(len(content) * kept)])
        with pytest.raises(UnusableImageError, match="cut off"):
            decode(file, 1)
    assert not caplog.records
