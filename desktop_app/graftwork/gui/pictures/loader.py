"""Reads pictures in a few threads, the latest wish first, and remembers the latest read."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from .reader import PictureReader

REMEMBERED = 1500
_MOST_WAITING = 240


class PictureLoader(QObject):
    """Gives the pictures that it has, and fetches those that it has not.

    ``loaded`` tells of a path whose picture is there now; a file that cannot be used has an
    empty picture.
    """

    loaded = Signal(Path)
    _read = Signal(Path, QImage)

    def __init__(self, read: PictureReader, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader = read
        self._side = side
        self._pictures: OrderedDict[Path, QPixmap] = OrderedDict()
        self._wanted: set[Path] = set()
        self._wishes = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self._read.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    def picture(self, path: Path) -> QPixmap | None:
        """The picture of this file; None while it is being read."""
        if path in self._pictures:
            self._pictures.move_to_end(path)
            return self._pictures[path]
        self._wish(path)
        return None

    def read_with(self, read: PictureReader) -> None:
        """Read with this from now on, and forget what there is."""
        self._drop_wishes()
        self._reader = read
        self._pictures.clear()

    def close(self) -> None:
        """Read nothing more, and wait for what is being read."""
        self._drop_wishes()
        self._pool.waitForDone()

    def _wish(self, path: Path) -> None:
        if path in self._wanted:
            return
        if len(self._wanted) >= _MOST_WAITING:
            self._drop_wishes()
        self._wanted.add(path)
        self._wishes += 1
        self._pool.start(_Reading(self._reader, path, self._side, self._read), self._wishes)

    def _drop_wishes(self) -> None:
        self._pool.clear()
        self._wanted.clear()

    @Slot(Path, QImage)
    def _keep(self, path: Path, image: QImage) -> None:
        self._wanted.discard(path)
        self._pictures[path] = QPixmap.fromImage(image)
        if len(self._pictures) > REMEMBERED:
            self._pictures.popitem(last=False)
        self.loaded.emit(path)


class _Reading(QRunnable):
    def __init__(self, read: PictureReader, path: Path, side: int, tell: object) -> None:
        super().__init__()
        self._read = read
        self._path = path
        self._side = side
        self._tell = tell

    def run(self) -> None:
        self._tell.emit(self._path, self._read(self._path, self._side) or QImage())  # type: ignore[attr-defined]
