"""Decoded images on disk: one folder a data set and input, the least recently used go first."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil
from pydantic import BaseModel, ConfigDict

from graftwork.plugin_api import DatasetError

from .input_spec import IntensityRange
from .raster import Array

LIMIT = 20 * 2**30
"""All caches together stay under so many bytes (20 GiB), unless one alone needs more."""

_PIXELS, _INDEX = "pixels.npy", "index.json"
_SPARE = 256 * 2**20  # bytes of the disk that are left to everybody else


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
    """The caches under one folder.

    Each writer has a folder of its own, which its index makes a cache: passes over the same images
    at the same time need nothing of each other, and no folder is moved while somebody reads it.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._folder = folder
        self._limit = limit

    def open(self, key: str) -> StoredPixels | None:
        """The pixels kept under this key; None if there are none or they are damaged."""
        found = (_opened(index) for index in self._folder.glob(f"{key}-*/{_INDEX}"))
        return next((stored for stored in found if stored), None)

    @contextlib.contextmanager
    def write(self, key: str, rows: int, row_shape: tuple[int, ...]) -> Iterator[PixelWriter]:
        """A writer of at most so many rows, which has them in ``stored`` if the block ends well.

        They are kept, unless an image failed for a reason that may pass or somebody else kept the
        same meanwhile. Raises ``DatasetError`` if the disk has no room.
        """
        needed = rows * int(np.prod(row_shape))
        try:
            self._make_room(needed, key)
            place = Path(tempfile.mkdtemp("", f"{key}-{os.getpid()}-", self._folder))
            try:
                with PixelWriter(place, rows, row_shape) as writer:
                    yield writer
                self._keep(writer, key, place)
            finally:
                if not (place / _INDEX).exists():
                    _remove(place)
        except OSError as error:
            raise _disk_error(error, self._folder, needed) from error

    def _keep(self, writer: PixelWriter, key: str, place: Path) -> None:
        if writer.stored.index.lasting and self.open(key) is None:
            unfinished = place / f"{_INDEX}.part"
            unfinished.write_text(writer.stored.index.model_dump_json(), "utf-8")
            unfinished.replace(place / _INDEX)

    def _make_room(self, needed: int, key: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._remove_litter()
        self._remove_damaged(key)
        self._remove_oldest(self._limit - needed, key)
        free = shutil.disk_usage(self._folder).free
        if free < needed + _SPARE:
            raise _no_room(self._folder, needed + _SPARE, free)

    def _remove_litter(self) -> None:
        """Remove what was left without an index by processes that are no more."""
        for place in self._folder.glob("*-*-*"):
            process = place.name.split("-")[1]
            gone = process.isdigit() and not psutil.pid_exists(int(process))
            if gone and not (place / _INDEX).exists():
                _remove(place)

    def _remove_damaged(self, key: str) -> None:
        for index in self._folder.glob(f"{key}-*/{_INDEX}"):
            if _opened(index) is None:
                _remove(index.parent)

    def _remove_oldest(self, limit: int, kept: str) -> None:
        caches = sorted(self._folder.glob(f"*/{_INDEX}"), key=_last_use)
        sizes = {index.parent: _size(index.parent) for index in caches}
        excess = sum(sizes.values()) - limit
        for place, size in sizes.items():
            if excess > 0 and not place.name.startswith(f"{kept}-"):
                _remove(place)
                excess -= size


class PixelWriter:
    """Writes rows one after the other; the number of rows is put into the file at the end.

    Written, not mapped: a full disk then raises an error instead of killing the process.
    ``stored`` is there when all is written, and stays readable whatever happens to the folder.
    """

    stored: StoredPixels

    def __init__(self, folder: Path, rows: int, row_shape: tuple[int, ...]) -> None:
        self._folder = folder
        self._row_shape = row_shape
        self.entries: list[Entry] = []
        self.rows = 0
        self._file: IO[bytes] = (folder / _PIXELS).open("wb")
        self._write_header(rows)
        self.intensity: IntensityRange | None = None

    def __enter__(self) -> PixelWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if kind is None:
                self._finish()

    def add(self, row: Array, sha256: str) -> None:
        """Keep the pixels of the next image."""
        self._file.write(np.ascontiguousarray(row).data)
        self.rows += 1
        self.entries.append(Entry(sha256=sha256))

    def leave_out(self, reason: str, *, may_pass: bool = False) -> None:
        """Note why the next image has no pixels."""
        self.entries.append(Entry(reason=reason, may_pass=may_pass))

    def _finish(self) -> None:
        self._file.seek(0)
        self._write_header(self.rows)
        self._file.flush()
        os.fsync(self._file.fileno())
        index = Index(intensity=self.intensity, entries=tuple(self.entries))
        self.stored = StoredPixels(index, _mapped(self._folder))

    def _write_header(self, rows: int) -> None:
        # NumPy leaves space for the first axis to change, so that the length stays the same.
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, *self._row_shape)}
        np.lib.format.write_array_header_1_0(self._file, header)


def _opened(path: Path) -> StoredPixels | None:
    """The cache of this index, marked as used now."""
    try:
        index = Index.model_validate_json(path.read_text("utf-8"))
        array = _mapped(path.parent)
    except (OSError, ValueError, EOFError):
        return None
    with contextlib.suppress(OSError):  # it was removed meanwhile, but is open
        os.utime(path)
    return StoredPixels(index, array) if len(array) == index.rows else None


def _mapped(place: Path) -> np.memmap[Any, Any]:
    array: np.memmap[Any, Any] = np.load(place / _PIXELS, mmap_mode="r")
    return array


def _remove(place: Path) -> None:
    # Windows keeps pixels that somebody has open: they are litter when that process has ended.
    shutil.rmtree(place, ignore_errors=True)


def _last_use(index: Path) -> float:
    with contextlib.suppress(FileNotFoundError):  # another process removes old ones as well
        return index.stat().st_mtime
    return 0


def _size(place: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return sum(file.stat().st_size for file in place.iterdir())
    return 0


def _disk_error(error: OSError, folder: Path, needed: int) -> DatasetError:
    if error.errno == errno.ENOSPC:
        return _no_room(folder, needed + _SPARE, shutil.disk_usage(folder).free)
    return DatasetError(f"Decoded images cannot be kept in {folder}: {error.strerror or error}")


def _no_room(folder: Path, needed: int, free: int) -> DatasetError:
    return DatasetError(
        f"The decoded images need {_gib(needed)} in {folder}, where {_gib(free)} are free. "
        "Make room there, use fewer images or a network with a smaller input."
    )


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
