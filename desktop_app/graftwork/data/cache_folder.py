"""A folder of caches that are whole or not there, of which the least recently used go first."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import psutil

INDEX = "index.json"
"""The file that makes a place a cache; it is written last."""

_OLD_S = 24 * 3600
_SPARE = 256 * 2**20  # bytes of the disk that are left to everybody else


class NoRoomError(OSError):
    """The disk has ``free`` bytes where ``needed`` are."""

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        super().__init__(f"{folder} needs {needed} bytes and has {free}")
        self.needed = needed
        self.free = free


class CacheFolder:
    """Places, a folder each, that together stay under ``limit`` bytes.

    Each writer has a place of its own, which its index makes a cache: writers of the same at the
    same time need nothing of each other, and no place is moved while somebody reads it.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit

    def find(self, key: str) -> list[Path]:
        """The places that are kept under this key, in the order of their names."""
        return sorted(index.parent for index in self.folder.glob(f"{key}-*/{INDEX}"))

    @contextlib.contextmanager
    def write(self, key: str, needed: int, kept: Collection[Path] = ()) -> Iterator[Path]:
        """A new place for ``needed`` bytes, which stays if the block calls ``keep`` on it.

        Old places make room, except those in ``kept``; one that needs more than the limit stands
        alone. Raises ``NoRoomError`` if the disk is full.
        """
        self.make_room(needed, kept)
        place = Path(tempfile.mkdtemp("", f"{key}-{writer_mark()}-", self.folder))
        try:
            yield place
        finally:
            if not (place / INDEX).exists():
                remove(place)

    def make_room(self, needed: int, kept: Collection[Path] = ()) -> None:
        """Let old places go; raises ``NoRoomError`` if the disk is full all the same."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove_litter()
        self._remove_oldest(needed, kept)
        free = shutil.disk_usage(self.folder).free
        if free < needed + _SPARE:
            raise NoRoomError(self.folder, needed + _SPARE, free)

    def written_since(self, moment: float) -> int:
        """The bytes that this process has brought into places since then (of ``time.time``)."""
        own = self.folder.glob(f"*-{writer_mark()}-*")
        return sum(_size(place) for place in own if _written(place) >= moment)

    def _remove_litter(self) -> None:
        """Remove what was left without an index by processes that are no more."""
        for place in self.folder.glob("*-*-*-*"):
            if _is_left(place) and not (place / INDEX).exists():
                remove(place)

    def _remove_oldest(self, needed: int, kept: Collection[Path]) -> None:
        """As many as are in the way of ``needed`` bytes, below the limit or on the disk."""
        caches = sorted(self.folder.glob(f"*/{INDEX}"), key=_last_use)
        sizes = {index.parent: _size(index.parent) for index in caches}
        lacking = needed + _SPARE - shutil.disk_usage(self.folder).free
        excess = max(sum(sizes.values()) + needed - self.limit, lacking)
        for place, size in sizes.items():
            if excess > 0 and place not in kept:
                remove(place)
                excess -= size


def writer_mark() -> str:
    """The number of this process and its machine, as the names of places have them that it writes.

    Machines, and containers, that share a folder have processes of the same number.
    """
    return f"{os.getpid()}-{_machine()}"


@cache
def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _is_left(place: Path) -> bool:
    """Whether its writer is gone; of another machine's, nothing is known but the place's age."""
    _, process, machine, _ = place.name.split("-", 3)
    if machine == _machine():
        return process.isdigit() and not psutil.pid_exists(int(process))
    with contextlib.suppress(FileNotFoundError):
        return time.time() - place.stat().st_mtime > _OLD_S
    return False


def keep(place: Path, index: str) -> None:
    """Write the place's index, which makes it a cache."""
    unfinished = place / f"{INDEX}.part"
    unfinished.write_text(index, "utf-8")
    unfinished.replace(place / INDEX)


def mark_used(place: Path) -> None:
    """Let the place be the last to go."""
    with contextlib.suppress(OSError):  # it was removed meanwhile, but is open
        os.utime(place / INDEX)


def remove(place: Path) -> None:
    """Remove the place, as far as possible.

    Windows keeps files that somebody has open: they are litter when that process has ended.
    """
    shutil.rmtree(place, ignore_errors=True)


def _last_use(index: Path) -> float:
    with contextlib.suppress(FileNotFoundError):  # another process removes old ones as well
        return index.stat().st_mtime
    return 0


def _written(place: Path) -> float:
    """When the place's last file came."""
    with contextlib.suppress(FileNotFoundError):
        return place.stat().st_mtime
    return 0


def _size(place: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return sum(file.stat().st_size for file in place.iterdir())
    return 0
