"""What an image file holds, and how it becomes the channels that a network sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from graftwork.plugin_api import UnusableImageError

Array = np.ndarray[Any, Any]
Colors = Literal["grey", "rgb", "cmyk", "unknown"]
Alpha = Literal["none", "straight", "premultiplied"]

MAX_PIXELS = 178_956_970
"""Larger images are refused by their header, before they can fill the memory.

It is Pillow's own limit, 1 GiB at 6 bytes a pixel; more than four bands count as more pixels.
"""

_COLOR_BANDS: dict[Colors, int] = {"grey": 1, "rgb": 3, "cmyk": 4}
_LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's conversion to grey


@dataclass(frozen=True, kw_only=True)
class Raster:
    """Pixels (height, width, bands): the color bands first, then alpha if there is one.

    ``orientation`` is EXIF's, 1 to 8.
    """

    pixels: Array
    colors: Colors
    alpha: Alpha = "none"
    orientation: int = 1


def check_size(width: int, height: int, bands: int = 1) -> None:
    """Raise ``UnusableImageError`` if an image of this size is over the limit."""
    if width * height * max(1, bands / 4) > MAX_PIXELS:
        msg = f"it is too large: {width} x {height} pixels, at most {MAX_PIXELS:,} are decoded"
        raise UnusableImageError(msg)


def in_common_depth(pixels: Array) -> Array:
    """The same values as uint8, uint16, int32 or float32.

    Two-valued pixels become 0 and 255. Raises ``UnusableImageError`` where a value is not a
    finite number.
    """
    match pixels.dtype.kind:
        case "b":
            return pixels.astype(np.uint8) * np.uint8(255)
        case "u" if pixels.dtype.itemsize <= 2:
            return pixels.astype(pixels.dtype.newbyteorder("="))
        case "u" | "i":
            limits = np.iinfo(np.int32)
            fits = limits.min <= pixels.min() and pixels.max() <= limits.max
            return pixels.astype(np.int32 if fits else np.float32)
        case "f":
            return _finite(pixels)
        case _:
            msg = f"it holds values of type {pixels.dtype}, which are not an image's"
            raise UnusableImageError(msg)


def _finite(pixels: Array) -> Array:
    with np.errstate(over="ignore"):
        values = pixels.astype(np.float32)
    if not np.isfinite(values).all():
        msg = "it holds values that are not numbers (NaN) or infinite"
        raise UnusableImageError(msg)
    return values


def to_channels(raster: Raster, channels: int) -> Array:
    """Upright, writable pixels (height, width, channels) of the raster's depth.

    One channel is luminance, three are RGB, both on white where the image is transparent; for any
    other number the file must have just as many bands, which are taken as they are. Raises
    ``UnusableImageError``.
    """
    pixels = _visible(raster, channels) if channels in (1, 3) else _bands(raster, channels)
    # Pillow's pixels are read-only, which torch warns of.
    return np.require(_upright(pixels, raster.orientation), requirements=["C", "W"])


def _bands(raster: Raster, channels: int) -> Array:
    found = raster.pixels.shape[2]
    if found != channels:
        msg = f"it has {found} bands where {channels} are wanted"
        raise UnusableImageError(msg)
    return raster.pixels


def _visible(raster: Raster, channels: int) -> Array:
    if raster.colors == "unknown":
        bands = raster.pixels.shape[2]
        msg = f"its {bands} bands are not grey or color; set the channels to {bands} to use them"
        raise UnusableImageError(msg)
    colors = _on_white(raster)
    if raster.colors == "cmyk":
        colors = _rgb_of_cmyk(colors)
    if colors.shape[2] == channels:
        return colors
    return _luminance(colors) if channels == 1 else _three_times(colors)


def _three_times(grey: Array) -> Array:
    # Band by band: numpy's repeat takes three times as long.
    colors = np.empty((*grey.shape[:2], 3), grey.dtype)
    for band in range(3):
        colors[:, :, band] = grey[:, :, 0]
    return colors


def _on_white(raster: Raster) -> Array:
    count = _COLOR_BANDS[raster.colors]
    colors = raster.pixels[:, :, :count]
    if raster.alpha == "none":
        return colors
    white = _white(colors)
    opacity = raster.pixels[:, :, count].astype(np.float32) / white
    rest = white * (1 - opacity)
    weight = opacity if raster.alpha == "straight" else np.float32(1)
    return _each_band(colors, lambda band: band * weight + rest)


def _rgb_of_cmyk(inks: Array) -> Array:
    """Without a color profile: each color is what its ink and black leave of white."""
    white = _white(inks)
    paper = 1 - inks[:, :, 3].astype(np.float32) / white
    return _each_band(inks[:, :, :3], lambda ink: (white - ink) * paper)


def _luminance(rgb: Array) -> Array:
    red, green, blue = (rgb[:, :, i] * np.float32(_LUMINANCE[i]) for i in range(3))
    return _as_depth(red + green + blue, rgb.dtype)[:, :, None]


def _each_band(colors: Array, change: Callable[[Array], Array]) -> Array:
    # Band by band: the floats of a whole large image would take too much memory.
    changed = np.empty_like(colors)
    for index in range(colors.shape[2]):
        changed[:, :, index] = _as_depth(change(colors[:, :, index]), colors.dtype)
    return changed


def _as_depth(values: Array, depth: np.dtype[Any]) -> Array:
    if depth.kind == "f":
        return values.astype(depth)
    limits = np.iinfo(depth)
    whole: Array = np.rint(values).clip(limits.min, limits.max).astype(depth)
    return whole


def _white(pixels: Array) -> float:
    return 1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max)


def _upright(pixels: Array, orientation: int) -> Array:
    turn = _TURNS.get(orientation)
    return turn(pixels) if turn else pixels


_TURNS: dict[int, Callable[[Array], Array]] = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).transpose(1, 0, 2),
    8: np.rot90,
}
