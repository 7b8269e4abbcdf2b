"""How images deeper than 8 bits become 8 bits: one linear mapping for a whole data set."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from graftwork.plugin_api import Decoder, UnusableImageError

from .decoding import decode, decode_with, may_be_deep
from .input_spec import IntensityRange
from .parallel import PixelProgress, finished, for_each
from .raster import Array

PERCENTILES = (0.1, 99.9)
"""Of the values of a data set's deep images, those that become 0 and 255."""

SAMPLED_IMAGES = 256
SAMPLED_VALUES = 65_536
"""At most so many images, evenly spaced, and of each so many values, decide the percentiles."""


def to_eight_bits(image: Array, intensity: IntensityRange | None) -> Array:
    """The image as uint8, of the same shape; 8-bit images pass unchanged.

    Raises ``UnusableImageError`` for a deeper image where no range is known: guessing one would
    make it black or white.
    """
    if image.dtype == np.uint8:
        return image
    if intensity is None:
        msg = (
            f"it is deeper than 8 bits ({image.dtype}), but the images this was set up for are not"
        )
        raise UnusableImageError(msg)
    span = (intensity.high - intensity.low) or 1.0  # of constant images
    scaled = (image.astype(np.float32) - intensity.low) * np.float32(255 / span)
    eight_bits: Array = np.rint(scaled).clip(0, 255).astype(np.uint8)
    return eight_bits


def measure_intensity(
    paths: Sequence[Path], channels: int, decoder: Decoder = decode
) -> IntensityRange | None:
    """The common range of the deep images among ``paths``; None if there are none.

    The same images in the same order give the same range. Unusable files are passed over.
    """
    return finished(measuring(paths, channels, decoder))


def measuring(
    paths: Sequence[Path], channels: int, decoder: Decoder = decode
) -> Generator[PixelProgress, None, IntensityRange | None]:
    """``measure_intensity`` in steps, which can be closed before their end.

    It looks at all files first, and then decodes some of them.
    """
    candidates = paths
    if decoder is decode:
        deep = yield from for_each(may_be_deep, paths)
        candidates = [path for path, is_deep in zip(paths, deep, strict=True) if is_deep]
    chosen = _evenly_spaced(candidates, SAMPLED_IMAGES)
    samples = yield from for_each(partial(_sample, channels=channels, decoder=decoder), chosen)
    values = [sample for sample in samples if sample is not None]
    return _range(np.concatenate(values)) if values else None


def _sample(path: Path, channels: int, decoder: Decoder) -> Array | None:
    try:
        image = decode_with(decoder, path, channels)
    except UnusableImageError:
        return None
    if image.dtype == np.uint8:
        return None
    step = math.ceil(math.sqrt(image.size / SAMPLED_VALUES))
    return image[::step, ::step].ravel().astype(np.float32)


def _evenly_spaced(paths: Sequence[Path], count: int) -> list[Path]:
    if len(paths) <= count:
        return list(paths)
    return [paths[index] for index in np.linspace(0, len(paths) - 1, count).round().astype(int)]


def _range(values: Array) -> IntensityRange:
    low, high = np.percentile(values, PERCENTILES)
    return IntensityRange(low=float(low), high=float(high))
