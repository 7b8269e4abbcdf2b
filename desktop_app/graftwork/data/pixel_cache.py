"""Decoded images on disk: one folder a data set and input, the least recently used go first."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from graftwork.plugin_api import DatasetError

from .cache_folder import INDEX, CacheFolder, NoRoomError, keep, mark_used, remove
from .early_flush import EarlyFlush
from .input_spec import IntensityRange
from .raster import Array

LIMIT = 20 * 2**30
"""All caches together stay under so many bytes (20 GiB), unless one alone needs more."""

_PIXELS = "pixels.npy"


class Entry(BaseModel):
    """What became of one image: the SHA-256 of its file, or why it has no row.

    A reason that ``may_pass`` is none of the file itself: another pass may have a row.
    """

    model_config = ConfigDict(frozen=True)

    sha256: str | None = None
    reason: str | None = None
    may_pass: bool = False


class Index(BaseModel):
    """What became of every image, in order, and how deep ones were brought to 8 bits."""

    model_config = ConfigDict(frozen=True)

    intensity: IntensityRange | None
    entries: tuple[Entry, ...]

    @property
    def rows(self) -> int:
        """How many images have a row of pixels."""
        return sum(entry.reason is None for entry in self.entries)

    @property
    def lasting(self) -> bool:
        """Whether another pass over the same files would give the same."""
        return not any(entry.may_pass for entry in self.entries)


@dataclass(frozen=True)
class StoredPixels:
    """An open cache: ``array`` (rows, size, size, channels) is memory-mapped, read-only."""

    index: Index
    array: np.memmap[Any, Any]


class PixelCache:
    """The decoded images that are kept under one folder."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._caches = CacheFolder(folder, limit)

    def open(self, key: str) -> StoredPixels | None:
        """The pixels kept under this key; None if there are none or they are damaged."""
        found = (_opened(place) for place in self._caches.find(key))
        return next((stored for stored in found if stored), None)

    @contextlib.contextmanager
    def write(self, key: str, rows: int, row_shape: tuple[int, ...]) -> Iterator[PixelWriter]:
        """A writer of at most so many rows, which has them in ``stored`` if the block ends well.

        They are kept, unless an image failed for a reason that may pass or somebody else kept the
        same meanwhile. Raises ``DatasetError`` if the disk has no room.
        """
        needed = rows * int(np.prod(row_shape))
        self._remove_damaged(key)
        try:
            with self._caches.write(key, needed, kept=self._caches.find(key)) as place:
                with EarlyFlush((place / _PIXELS).open("wb")) as file:
                    writer = PixelWriter(file, rows, row_shape)
                    yield writer
                    writer.finish()
                writer.stored = StoredPixels(writer.index, _mapped(place))
                self._keep(writer, key, place)
        except OSError as error:
            raise _disk_error(error, self._caches.folder, needed) from error

    def _keep(self, writer: PixelWriter, key: str, place: Path) -> None:
        if writer.stored.index.lasting and self.open(key) is None:
            keep(place, writer.stored.index.model_dump_json())

    def _remove_damaged(self, key: str) -> None:
        for place in self._caches.find(key):
            if _opened(place) is None:
                remove(place)


class PixelWriter:
    """Writes rows one after the other; the number of rows is put into the file at the end.

    Written, not mapped: a full disk then raises an error instead of killing the process.
    ``stored`` is there when all is written, and stays readable whatever happens to the folder.
    """

    stored: StoredPixels

    def __init__(self, file: IO[bytes], rows: int, row_shape: tuple[int, ...]) -> None:
        self._file = file
        self._row_shape = row_shape
        self.entries: list[Entry] = []
        self.rows = 0
        self.intensity: IntensityRange | None = None
        self._write_header(rows)

    @property
    def index(self) -> Index:
        """What became of the images so far."""
        return Index(intensity=self.intensity, entries=tuple(self.entries))

    def add(self, row: Array, sha256: str) -> None:
        """Keep the pixels of the next image."""
        self._file.write(np.ascontiguousarray(row).data)
        self.rows += 1
        self.entries.append(Entry(sha256=sha256))

    def leave_out(self, reason: str, *, may_pass: bool = False) -> None:
        """Note why the next image has no pixels."""
        self.entries.append(Entry(reason=reason, may_pass=may_pass))

    def finish(self) -> None:
        """Tell the file how many rows there are."""
        self._file.seek(0)
        self._write_header(self.rows)

    def _write_header(self, rows: int) -> None:
        # NumPy leaves space for the first axis to change, so that the length stays the same.
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, *self._row_shape)}
        np.lib.format.write_array_header_1_0(self._file, header)


def _opened(place: Path) -> StoredPixels | None:
    """The cache at this place, marked as used now."""
    try:
        index = Index.model_validate_json((place / INDEX).read_text("utf-8"))
        array = _mapped(place)
    except (OSError, ValueError, EOFError):
        return None
    mark_used(place)
    return StoredPixels(index, array) if len(array) == index.rows else None


def _mapped(place: Path) -> np.memmap[Any, Any]:
    array: np.memmap[Any, Any] = np.load(place / _PIXELS, mmap_mode="r")
    return array


def _disk_error(error: OSError, folder: Path, needed: int) -> DatasetError:
    if isinstance(error, NoRoomError):
        return _no_room(folder, error.needed, error.free)
    if error.errno == errno.ENOSPC:
        return _no_room(folder, needed, shutil.disk_usage(folder).free)
    return DatasetError(f"Decoded images cannot be kept in {folder}: {error.strerror or error}")


def _no_room(folder: Path, needed: int, free: int) -> DatasetError:
    return DatasetError(
        f"The decoded images need {_gib(needed)} in {folder}, where {_gib(free)} are free. "
        "Make room there, use fewer images or a network with a smaller input."
    )


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
