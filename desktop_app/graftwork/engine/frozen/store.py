"""Keeps what frozen stages give, image by image, in memory-mapped files on the disk.

A place of the cache holds some rows under one key, and says in its index which images they are of.
Another part of the split, or an image more, so costs no more than what was never computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from graftwork.data.cache_folder import INDEX, CacheFolder, keep, mark_used, remove
from graftwork.data.early_flush import EarlyFlush

LIMIT = 20 * 2**30
"""All that is kept stays under so many bytes (20 GiB), unless one phase alone needs more."""

_ROWS = "rows.npy"

Array = npt.NDArray[Any]


class _Index(BaseModel):
    model_config = ConfigDict(frozen=True)

    digests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows in several files: that at place i is row ``rows[i]`` of array ``arrays[which[i]]``."""

    arrays: tuple[Array, ...]
    which: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]

    def gather(self, places: npt.NDArray[np.int64]) -> Array:
        """A copy of the rows at these places, in this order."""
        which, rows = self.which[places], self.rows[places]
        used = np.unique(which)
        if len(used) == 1:
            only: Array = self.arrays[used[0]][rows]
            return only
        first = self.arrays[0]
        found = np.empty((len(places), *first.shape[1:]), first.dtype)
        for number in used:
            chosen = which == number
            found[chosen] = self.arrays[number][rows[chosen]]
        return found


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """All rows that are kept under one key; ``where`` has place and row by digest."""

    places: tuple[Path, ...]
    where: dict[str, tuple[int, int]]

    def missing(self, digests: Sequence[str]) -> list[int]:
        """At which places of ``digests`` there are images without a row, each image once."""
        new = {digest: place for place, digest in reversed(list(enumerate(digests)))}
        return sorted(place for digest, place in new.items() if digest not in self.where)

    def rows(self, digests: Sequence[str]) -> Rows:
        """The rows of these images, whose places are open and marked as used from now on.

        Raises ``KeyError`` if one is missing, and ``OSError`` if somebody removed it meanwhile.
        """
        found = np.array([self.where[digest] for digest in digests], np.int64).reshape(-1, 2)
        used, which = np.unique(found[:, 0], return_inverse=True)
        arrays = tuple(_mapped(self.places[number]) for number in used)
        for number in used:
            mark_used(self.places[number])
        return Rows(arrays=arrays, which=which, rows=found[:, 1])


class ActivationStore:
    """The rows that are kept under a folder, whose least recently used places go first."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.limit = limit
        self._caches = CacheFolder(folder, limit)

    def open(self, key: str) -> Shelf:
        """What is kept under this key; damaged files are removed."""
        places: list[Path] = []
        where: dict[str, tuple[int, int]] = {}
        for place in self._caches.find(key):
            digests = _digests(place)
            for row, digest in enumerate(digests):
                where.setdefault(digest, (len(places), row))
            places += [place] if digests else []
        return Shelf(places=tuple(places), where=where)

    def make_room(self, needed: int, kept: Collection[Path]) -> None:
        """Let old places go; raises ``OSError`` if the disk has no room for ``needed`` bytes."""
        self._caches.make_room(needed, kept)

    @contextmanager
    def write(
        self, key: str, digests: Sequence[str], row: Array, kept: Collection[Path]
    ) -> Iterator[RowWriter]:
        """A writer of rows like ``row`` for these images, kept if the block writes all of them.

        Raises ``OSError`` if they cannot be written; then nothing is left behind.
        """
        with self._caches.write(key, len(digests) * row.nbytes, kept) as place:
            with EarlyFlush((place / _ROWS).open("wb")) as file:
                writer = RowWriter(place, file, len(digests), row)
                yield writer
            if writer.written == len(digests):
                keep(place, _Index(digests=tuple(digests)).model_dump_json())

    def forget(self, places: Collection[Path]) -> None:
        """Remove these places; who has them open can still read them."""
        for place in places:
            remove(place)


class RowWriter:
    """Writes rows one after the other.

    Written, not mapped: a full disk then raises an error instead of killing the process.
    """

    def __init__(self, place: Path, file: IO[bytes], rows: int, row: Array) -> None:
        self.place = place
        self.written = 0
        self._file = file
        header = np.lib.format.header_data_from_array_1_0(row)
        header["shape"] = (rows, *row.shape)
        np.lib.format.write_array_header_1_0(self._file, header)

    def add(self, rows: Array) -> None:
        """Write some rows more."""
        self._file.write(np.ascontiguousarray(rows).data)
        self.written += len(rows)


def _digests(place: Path) -> tuple[str, ...]:
    """The images of the rows of a place; none if it cannot be read now, or if it is damaged."""
    try:
        index = _Index.model_validate_json((place / INDEX).read_text("utf-8"))
        if len(_mapped(place)) == len(index.digests):
            return index.digests
    except (ValueError, EOFError, FileNotFoundError):
        pass
    except OSError:  # such as too many open files: nothing is wrong with the place
        return ()
    remove(place)
    return ()


def _mapped(place: Path) -> Array:
    array: Array = np.load(place / _ROWS, mmap_mode="r")
    return array.view(np.ndarray)
