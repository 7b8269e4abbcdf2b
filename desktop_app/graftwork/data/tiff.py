"""TIFF files that Pillow would flatten: deep, of many bands, or packed in a rarer way."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from graftwork.plugin_api import UnusableImageError

from .raster import Alpha, Array, Colors, Raster, check_size, in_common_depth

# It logs as errors what it then raises or survives; people are shown the reason instead.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)

# None, CCITT, LZW, JPEG, Deflate and PackBits: what every build of Pillow unpacks.
_COMMON_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946})
_MIN_IS_WHITE = 0
_COLORS: dict[int, Colors] = {_MIN_IS_WHITE: "grey", 1: "grey", 2: "rgb", 5: "cmyk"}
_COLOR_BANDS = {_MIN_IS_WHITE: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3}  # 3: palette, 6: YCbCr
_ALPHA: dict[int, Alpha] = {1: "premultiplied", 2: "straight"}
_ORIENTATION = 274


def read_tiff(path: Path, channels: int) -> Raster | None:
    """The first image of the file, or the stack of as many as channels are wanted.

    None where Pillow gives all that the file holds. Raises ``UnusableImageError``, and whatever
    the library raises for a damaged file.
    """
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        check_size(page.imagewidth, page.imagelength, max(page.samplesperpixel, channels))
        if _is_stack(file, channels):
            return _raster_of_stack(file, channels)
        return None if _pillow_keeps(page) else _raster_of_page(page)


def is_deep_tiff(path: Path) -> bool:
    """Whether the first image holds more than 8 bits a value."""
    with tifffile.TiffFile(path) as file:
        return _is_deep(file.pages.first)


def _is_deep(page: Any) -> bool:
    unsigned = 1
    return bool(page.bitspersample > 8 or page.sampleformat != unsigned)


def _pillow_keeps(page: Any) -> bool:
    if _is_deep(page) or page.compression not in _COMMON_COMPRESSIONS:
        return False
    extra = page.samplesperpixel - _COLOR_BANDS.get(page.photometric, page.samplesperpixel)
    return extra == 0 or (extra == 1 and page.extrasamples[0] in _ALPHA)


def _is_stack(file: tifffile.TiffFile, channels: int) -> bool:
    """Whether the bands are images of their own: three only where the file calls them channels."""
    if channels == 1 or len(file.pages) < channels or file.pages.first.samplesperpixel > 1:
        return False
    series = file.series[0]
    wanted = "CYX" if channels == 3 else series.axes
    return len(series.shape) == 3 and series.shape[0] == channels and series.axes == wanted


def _raster_of_stack(file: tifffile.TiffFile, channels: int) -> Raster:
    pixels = np.moveaxis(file.series[0].asarray(maxworkers=1), 0, -1)
    colors: Colors = "rgb" if channels == 3 else "unknown"
    return Raster(pixels=in_common_depth(pixels), colors=colors)


def _raster_of_page(page: Any) -> Raster:
    pixels = in_common_depth(_height_width_bands(page))
    if page.photometric == _MIN_IS_WHITE:
        pixels = _inverted(pixels)
    return Raster(
        pixels=pixels,
        colors=_colors(page),
        alpha=_alpha(page),
        orientation=int(page.tags.valueof(_ORIENTATION, default=1)),
    )


def _height_width_bands(page: Any) -> Array:
    pixels: Array = page.asarray(maxworkers=1)
    match page.axes:
        case "YX":
            return pixels[:, :, None]
        case "YXS":
            return pixels
        case "SYX":
            return np.moveaxis(pixels, 0, -1)
        case axes:
            msg = f"it is not a flat image (its axes are {axes})"
            raise UnusableImageError(msg)


def _inverted(pixels: Array) -> Array:
    if pixels.dtype.kind == "u":
        flipped: Array = np.iinfo(pixels.dtype).max - pixels
        return flipped
    return -pixels


def _colors(page: Any) -> Colors:
    if page.photometric not in _COLORS:
        msg = f"its way to store colors ({page.photometric.name}) is not supported"
        raise UnusableImageError(msg)
    extra = page.samplesperpixel - _COLOR_BANDS[page.photometric]
    grey_of_many_bands = extra > 0 and page.photometric in (0, 1) and _alpha(page) == "none"
    return "unknown" if grey_of_many_bands else _COLORS[page.photometric]


def _alpha(page: Any) -> Alpha:
    first_extra = page.extrasamples[0] if page.extrasamples else 0
    return _ALPHA.get(int(first_extra), "none")
