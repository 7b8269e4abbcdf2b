"""From image files to rows of pixels, as the network's input; or why a file gives none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from graftwork.memory import is_out_of_memory
from graftwork.plugin_api import Decoder, UnusableImageError

from .banded_resize import resize_images
from .decoding import decode_and_hash, may_pass
from .input_spec import InputSpec
from .intensity import to_eight_bits
from .raster import Array

# Threads that resize small images one by one wait for each other in Python most of the time.
_FILES = 4
_BYTES = 2**22  # of pixels, so that large images are not in memory together


@dataclass(frozen=True)
class Row:
    """Pixels, uint8 (size, size, channels), and the file's SHA-256."""

    pixels: Array
    sha256: str


@dataclass(frozen=True)
class NoRow:
    """Why a file gives no row; ``may_pass`` says that it may give one another time."""

    reason: str
    may_pass: bool


def portions(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """The same in order, a few at a time."""
    return (paths[start : start + _FILES] for start in range(0, len(paths), _FILES))


class RowMaker:
    """Makes the row of each of some files, or says why there is none."""

    def __init__(self, spec: InputSpec, decoder: Decoder) -> None:
        self._spec = spec
        self._decoder = decoder

    def __call__(self, paths: Sequence[Path]) -> list[Row | NoRow]:
        """What each file gives, in order."""
        made: list[Row | NoRow] = []
        waiting: list[Row | NoRow] = []
        for path in paths:
            waiting.append(self._decoded(path))
            if _pixel_bytes(waiting) >= _BYTES:
                made += self._resized(waiting)
                waiting = []
        return [*made, *self._resized(waiting)]

    def _decoded(self, path: Path) -> Row | NoRow:
        try:
            image, sha256 = decode_and_hash(self._decoder, path, self._spec.channels)
            return Row(to_eight_bits(image, self._spec.intensity), sha256)
        except UnusableImageError as error:
            return NoRow(str(error), may_pass(error))
        except MemoryError:
            return _TOO_LITTLE_MEMORY

    def _resized(self, decoded: Sequence[Row | NoRow]) -> list[Row | NoRow]:
        try:
            images = [one.pixels for one in decoded if isinstance(one, Row)]
            resized = iter([row for few in _alike(images) for row in self._resize(few)])
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return self._one_by_one(decoded)
        return [_with_pixels(one, resized) for one in decoded]

    def _one_by_one(self, decoded: Sequence[Row | NoRow]) -> list[Row | NoRow]:
        if len(decoded) == 1:
            return [_TOO_LITTLE_MEMORY]
        return [row for one in decoded for row in self._resized([one])]

    def _resize(self, alike: Sequence[Array]) -> Array:
        with torch.inference_mode():
            rows: Array = resize_images(torch.from_numpy(np.stack(alike)), self._spec).numpy()
        return rows


def _alike(images: Sequence[Array]) -> Iterator[list[Array]]:
    """Neighbors of one size."""
    return (list(few) for _, few in groupby(images, lambda image: image.shape))


def _pixel_bytes(decoded: Sequence[Row | NoRow]) -> int:
    return sum(one.pixels.nbytes for one in decoded if isinstance(one, Row))


def _with_pixels(found: Row | NoRow, resized: Iterator[Array]) -> Row | NoRow:
    return replace(found, pixels=next(resized)) if isinstance(found, Row) else found


_TOO_LITTLE_MEMORY = NoRow("there is not enough memory for it", may_pass=True)
