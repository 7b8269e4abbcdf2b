"""From image files to rows of pixels, as the network's input; or why a file gives none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from graftwork.plugin_api import Decoder, UnusableImageError

from .banded_resize import resize_images
from .decoding import decode_with, may_pass
from .input_spec import InputSpec
from .intensity import to_eight_bits
from .raster import Array

# Threads that resize small images one by one wait for each other in Python most of the time.
_FILES = 4
_BYTES = 2**20


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


def portions(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """The same in order, a few small files or a large one at a time."""
    portion, size = [], 0
    for path in paths:
        portion.append(path)
        size += _size(path)
        if len(portion) == _FILES or size >= _BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


class RowMaker:
    """Makes the row of each of some files, or says why there is none."""

    def __init__(self, spec: InputSpec, decoder: Decoder) -> None:
        self._spec = spec
        self._decoder = decoder

    def __call__(self, paths: Sequence[Path]) -> list[Row | NoRow]:
        """What each file gives, in order."""
        found = [self._decoded(path) for path in paths]
        try:
            resized = self._resized([one.pixels for one in found if isinstance(one, Row)])
        except MemoryError:
            return self._one_by_one(paths)
        return [_with_pixels(one, resized) for one in found]

    def _decoded(self, path: Path) -> Row | NoRow:
        try:
            image = decode_with(self._decoder, path, self._spec.channels)
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return Row(to_eight_bits(image, self._spec.intensity), sha256)
        except UnusableImageError as error:
            return NoRow(str(error), may_pass(error))
        except OSError as error:
            return NoRow(f"the file cannot be read: {error.strerror}", may_pass=True)
        except MemoryError:
            return _TOO_LITTLE_MEMORY

    def _one_by_one(self, paths: Sequence[Path]) -> list[Row | NoRow]:
        if len(paths) == 1:
            return [_TOO_LITTLE_MEMORY]
        return [row for path in paths for row in self([path])]

    def _resized(self, images: Sequence[Array]) -> Iterator[Array]:
        """Neighbors of one size at once."""
        rows: list[Array] = []
        for _, alike in groupby(images, lambda image: image.shape):
            with torch.inference_mode():
                stack = torch.from_numpy(np.stack(list(alike)))
                rows.extend(resize_images(stack, self._spec).numpy())
        return iter(rows)


def _with_pixels(found: Row | NoRow, resized: Iterator[Array]) -> Row | NoRow:
    return replace(found, pixels=next(resized)) if isinstance(found, Row) else found


_TOO_LITTLE_MEMORY = NoRow("there is not enough memory for it", may_pass=True)
