"""Reads pictures in a few threads, the latest wish first, and remembers the latest read."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from .reader import PictureReader

REMEMBERED = 1500
_MOST_WAITING = 240

_Wish = tuple[PictureReader, Path]


class PictureLoader(QObject):
    """Gives the pictures that it has, and fetches those that it has not.

    ``loaded`` tells of a path whose picture is there now, with whose reader; a file that cannot
    be used has an empty picture.
    """

    loaded = Signal(object, Path)
    _read = Signal(object, QImage)

    def __init__(self, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._pictures: OrderedDict[_Wish, QPixmap] = OrderedDict()
        self._wanted: set[_Wish] = set()
        self._wishes = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self._read.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    def picture(self, reader: PictureReader, path: Path) -> QPixmap | None:
        """The picture that this reader makes of this file; None while it is being read."""
        wish = (reader, path)
        if wish in self._pictures:
            self._pictures.move_to_end(wish)
            return self._pictures[wish]
        self._wish(wish)
        return None

    def forget(self) -> None:
        """Forget what there is: the files may be others by now."""
        self._drop_wishes()
        self._pictures.clear()

    def close(self) -> None:
        """Read nothing more, and wait for what is being read."""
        self._drop_wishes()
        self._pool.waitForDone()

    def _wish(self, wish: _Wish) -> None:
        if wish in self._wanted:
            return
        if len(self._wanted) >= _MOST_WAITING:
            self._drop_wishes()
        self._wanted.add(wish)
        self._wishes += 1
        self._pool.start(_Reading(wish, self._side, self._read), self._wishes)

    def _drop_wishes(self) -> None:
        self._pool.clear()
        self._wanted.clear()

    @Slot(object, QImage)
    def _keep(self, wish: _Wish, image: QImage) -> None:
        self._wanted.discard(wish)
        self._pictures[wish] = QPixmap.fromImage(image)
        if len(self._pictures) > REMEMBERED:
            self._pictures.popitem(last=False)
        self.loaded.emit(*wish)


class _Reading(QRunnable):
    def __init__(self, wish: _Wish, side: int, tell: object) -> None:
        super().__init__()
        self._wish = wish
        self._side = side
        self._tell = tell

    def run(self) -> None:
        reader, path = self._wish
        self._tell.emit(self._wish, reader.read(path, self._side) or QImage())  # type: ignore[attr-defined]
