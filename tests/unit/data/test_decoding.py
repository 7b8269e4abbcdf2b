from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_image

from graftwork.data.decoding import (
    MAX_PIXELS,
    decode,
    decode_with,
    may_be_deep,
    may_pass,
    stored_size,
)
from graftwork.plugin_api import UnusableImageError
from support.images import png_of_size

ORIENTATION = 0x0112


def photograph() -> np.ndarray:
    """Not square, and not symmetric in any direction."""
    return np.ascontiguousarray(load_sample_image("china.jpg")[100:164, 200:248])


def saved(image: Image.Image, file: Path, **options: object) -> Path:
    image.save(file, **options)
    return file


def reason_against(file: Path, channels: int = 3) -> str:
    with pytest.raises(UnusableImageError) as caught:
        decode(file, channels)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp", "a.ppm"])
def test_color_is_kept_exactly_where_the_format_is_lossless(tmp_path: Path, name: str) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    image = decode(saved(Image.fromarray(photograph()), tmp_path / name, **options), 3)
    assert image.dtype == np.uint8
    assert image.flags.writeable
    assert image.flags.c_contiguous
    assert np.array_equal(image, photograph())


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.avif", "a.jp2"])
def test_lossy_formats_look_the_same(tmp_path: Path, name: str) -> None:
    image = decode(saved(Image.fromarray(photograph()), tmp_path / name, quality=95), 3)
    assert image.shape == (64, 48, 3)
    assert np.abs(image.astype(int) - photograph()).mean() < 6


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_every_mode_gives_what_pillow_shows(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(photograph()).convert(mode)
    ending = {"CMYK": "tif", "YCbCr": "tif"}.get(mode, "png")
    file = saved(image, tmp_path / f"a.{ending}")
    shown = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(decode(file, 3) - shown).max() <= 1
    grey = np.asarray(image.convert("RGB").convert("L")).astype(int)
    assert np.abs(decode(file, 1)[:, :, 0] - grey).max() <= 1


def test_a_two_valued_image_is_black_and_white(tmp_path: Path) -> None:
    file = saved(Image.fromarray(photograph()).convert("1"), tmp_path / "a.tif")
    assert np.unique(decode(file, 1)).tolist() == [0, 255]


@pytest.mark.parametrize("opacity", [0, 128, 255])
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_parts_are_white(tmp_path: Path, mode: str, opacity: int) -> None:
    image = Image.new("RGBA", (4, 6), (10, 10, 10, opacity)).convert(mode)
    shown = decode(saved(image, tmp_path / "a.png"), 3)
    assert np.abs(shown - (255 - opacity / 255 * 245)).max() <= 1


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_a_transparent_palette_color_is_white(tmp_path: Path, name: str) -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.putpixel((0, 0), 0)
    shown = decode(saved(image, tmp_path / name, transparency=1), 3)
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert shown[1, 1].tolist() == [255, 255, 255]


def test_inverted_cmyk_jpeg_as_photoshop_writes_it(tmp_path: Path) -> None:
    red = saved(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), tmp_path / "a.jpg", quality=95)
    data = red.read_bytes()
    assert b"Adobe" in data  # the marker by which readers know that the inks are inverted
    assert np.abs(decode(red, 3).astype(int) - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.tif", "a.png"])
def test_the_first_of_several_frames_is_taken(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (20, 10), color) for color in ("red", "blue", "lime")]
    options = {"lossless": True} if name.endswith("webp") else {}
    file = tmp_path / name
    frames[0].save(file, save_all=True, append_images=frames[1:], **options)
    assert np.unique(decode(file, 3).reshape(-1, 3), axis=0).tolist() == [[255, 0, 0]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "deep.png", "deep.tif"])
def test_orientation_is_applied(tmp_path: Path, name: str, orientation: int) -> None:
    file = tmp_path / name
    image = Image.fromarray(photograph())
    if name.startswith("deep"):
        image = Image.fromarray(photograph()[:, :, 0].astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"lossless": True} if name.endswith("webp") else {}
    image.save(file, exif=exif, **options)
    image.getexif()[ORIENTATION] = orientation
    turned = np.asarray(ImageOps.exif_transpose(image))
    shown = decode(file, 1 if turned.ndim == 2 else 3)
    assert np.array_equal(shown[:, :, 0] if turned.ndim == 2 else shown, turned)


def test_a_damaged_exif_block_does_not_cost_the_image(tmp_path: Path) -> None:
    image = Image.fromarray(photograph())
    file = saved(image, tmp_path / "a.jpg", exif=b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff\0\0\0\0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(file, 3).shape == (64, 48, 3)


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_sixteen_bits_of_a_png_are_kept(tmp_path: Path, bands: int) -> None:
    values = np.arange(4 * 5 * bands, dtype=np.uint16).reshape(4, 5, bands) * 501
    if bands in (2, 4):
        values[:, :, -1] = 65535
    file = tmp_path / "a.png"
    file.write_bytes(imagecodecs.png_encode(values))
    shown = decode(file, 3)
    assert shown.dtype == np.uint16
    colors = values[:, :, : 1 if bands <= 2 else 3]
    assert np.array_equal(shown, np.broadcast_to(colors, (4, 5, 3)))
    assert may_be_deep(file)


def test_luminance_of_deep_color(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(imagecodecs.png_encode(np.full((3, 3, 3), (10000, 20000, 30000), np.uint16)))
    assert np.unique(decode(file, 1)).tolist() == [2990 + 11740 + 3420]


def test_other_channel_counts_take_the_bands_as_they_are(tmp_path: Path) -> None:
    rgba = np.dstack([photograph(), photograph()[:, :, 0]])
    file = saved(Image.fromarray(rgba), tmp_path / "a.png")
    assert np.array_equal(decode(file, 4), rgba)
    assert reason_against(file, 5) == "it has 4 bands where 5 are wanted"


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_of_size(20_000, 20_000))
    assert MAX_PIXELS < 20_000 * 20_000
    assert "too large" in reason_against(bomb)


def test_large_images_under_the_limit_raise_no_warning(tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(png_of_size(10_000, 10_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "damaged or cut off" in reason_against(large)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp", "a.gif", "a.tif", "a.webp", "a.jp2"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_a_file_cut_off_is_refused(tmp_path: Path, name: str, kept: float) -> None:
    file = saved(Image.fromarray(photograph()), tmp_path / name)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * kept)])
    assert "cut off" in reason_against(file)


def test_strangers_are_refused_with_what_they_are(tmp_path: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("This is no image at all, only some text.\n" * 20)
    assert "not an image" in reason_against(text)
    empty = tmp_path / "empty.jpg"
    empty.touch()
    assert reason_against(empty) == "the file is empty"
    assert "not there" in reason_against(tmp_path / "gone.jpg")
    heic = tmp_path / "phone.heic"
    heic.write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 100)
    assert "save it as JPEG" in reason_against(heic)
    postscript = tmp_path / "a.eps"
    postscript.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n")
    assert "not an image" in reason_against(postscript)


def test_a_folder_or_a_forbidden_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    assert reason_against(folder)

    def forbid(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    assert "permission" in reason_against(tmp_path / "locked.jpg")


def test_reasons_do_not_hold_the_path(tmp_path: Path) -> None:
    for name, content in {"a.jpg": b"no", "b.tif": b"II*\0no", "c.png": png_of_size(5, 5)}.items():
        (tmp_path / name).write_bytes(content)
        assert str(tmp_path) not in reason_against(tmp_path / name)


def test_files_of_eight_bits_are_told_from_deep_ones(tmp_path: Path) -> None:
    color = Image.fromarray(photograph())
    for name in ("a.jpg", "a.png", "a.bmp", "a.gif", "a.tif", "a.webp"):
        assert not may_be_deep(saved(color, tmp_path / name))
    deep = Image.fromarray(photograph()[:, :, 0].astype(np.uint16))
    for name in ("deep.png", "deep.tif", "deep.pgm"):
        assert may_be_deep(saved(deep, tmp_path / name))
    assert not may_be_deep(tmp_path / "gone.png")


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1)])
def test_other_decoders_are_held_to_the_contract(tmp_path: Path, shape: tuple[int, ...]) -> None:
    def wrong(path: Path, channels: int) -> np.ndarray:
        return np.zeros(shape, np.uint8)

    def broken(path: Path, channels: int) -> np.ndarray:
        raise KeyError(path.name)

    with pytest.raises(UnusableImageError, match="its decoder gave"):
        decode_with(wrong, tmp_path, 3)
    with pytest.raises(UnusableImageError, match="damaged"):
        decode_with(broken, tmp_path, 3)


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        (None, "NoneType, not an array"),
        (np.zeros((0, 4, 3), np.uint8), "no pixel"),
        (np.full((4, 4, 3), np.nan, np.float32), "not finite"),
    ],
)
def test_what_other_decoders_give_must_have_pixels_with_values(
    tmp_path: Path, gives: Any, said: str
) -> None:
    with pytest.raises(UnusableImageError, match=f"its decoder gave .*{said}"):
        decode_with(lambda _path, _channels: gives, tmp_path, 3)


def test_a_compression_that_nobody_knows_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    saved(Image.fromarray(photograph()), file)
    content = bytearray(file.read_bytes())
    tag = struct.pack("<HHI", 259, 3, 1)
    at = content.index(tag) + len(tag)
    content[at : at + 2] = struct.pack("<H", 32897)
    file.write_bytes(content)
    assert "32897" in reason_against(file)


@pytest.mark.parametrize(
    ("content", "passes"), [(None, True), (b"", False), (b"no image", False), ("cut", False)]
)
@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp"])
def test_only_failures_that_are_not_the_files_may_pass(
    tmp_path: Path, content: bytes | str | None, passes: bool, ending: str
) -> None:
    file = tmp_path / f"image.{ending}"
    if content == "cut":
        noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(noise).save(file)
        file.write_bytes(file.read_bytes()[:700])
    elif isinstance(content, bytes):
        file.write_bytes(content)
    with pytest.raises(UnusableImageError) as caught:
        decode(file, 3)
    assert may_pass(caught.value) is passes


def test_the_size_is_read_from_the_header_alone(tmp_path):
    cut_off, none = tmp_path / "cut.png", tmp_path / "none.png"
    cut_off.write_bytes(png_of_size(70, 50))
    none.write_bytes(b"no image")
    assert stored_size(cut_off) == (70, 50)
    assert stored_size(none) is None
    assert stored_size(tmp_path / "missing.png") is None
