"""The work that runs in the background: started here, and ended before the window goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from .worker import Failure, GeneratorThread


class Tasks(QObject):
    """Keeps every running ``GeneratorThread`` alive until it has ended."""

    all_done = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: list[GeneratorThread] = []
        self._closed = False

    @property
    def running(self) -> int:
        """How many threads are at work."""
        return len(self._running)

    def start(
        self,
        make: Callable[[], Iterator[Any]],
        *,
        produced: Callable[[Any], object] | None = None,
        returned: Callable[[Any], object] | None = None,
        failed: Callable[[Failure], object] | None = None,
        stopped: Callable[[], object] | None = None,
    ) -> GeneratorThread:
        """Pull this generator in a thread; the callables hear its signals in this thread."""
        thread = GeneratorThread(make)
        for signal, slot in (
            (thread.produced, produced),
            (thread.returned, returned),
            (thread.failed, failed),
            (thread.stopped, stopped),
        ):
            if slot is not None:
                signal.connect(slot, Qt.ConnectionType.QueuedConnection)
        thread.finished.connect(self._forget_finished, Qt.ConnectionType.QueuedConnection)
        if not self._closed:
            self._running.append(thread)
            thread.start()
        return thread

    def close(self) -> None:
        """Stop every thread, block until all have ended, and start none from now on."""
        self._closed = True
        for thread in self._running:
            thread.stop()
        for thread in self._running:
            thread.wait()
        self._running.clear()

    @Slot()
    def _forget_finished(self) -> None:
        for thread in [thread for thread in self._running if thread.isFinished()]:
            thread.wait()
            self._running.remove(thread)
            thread.deleteLater()
        if not self._running:
            self.all_done.emit()
