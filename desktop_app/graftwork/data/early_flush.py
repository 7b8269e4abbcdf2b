"""Brings a large file to the disk while it is still written, so that nobody waits at its end."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from types import TracebackType
from typing import IO

_EVERY_S = 0.5


class EarlyFlush:
    """A file open for writing whose content goes to the disk every now and then, in a thread.

    At the end of its block all of it is there, and the file is closed; ``OSError`` is raised if
    the disk did not take it. A block that fails closes the file alone.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._over = Event()
        self._pool = ThreadPoolExecutor(1, "flush")
        self._flushing: Future[None] = self._pool.submit(self._flush_until_over)

    def __enter__(self) -> IO[bytes]:
        return self._file

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._pool.shutdown()
        with self._file:
            if kind is None:
                # The system tells of a failure once: it may have told the thread.
                self._flushing.result()
                self._file.flush()
                os.fsync(self._file.fileno())

    def _flush_until_over(self) -> None:
        while not self._over.wait(_EVERY_S):
            os.fsync(self._file.fileno())
