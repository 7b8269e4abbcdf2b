"""Work on many files in threads, in order, without holding more than a few results."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

_AHEAD = 2  # results a thread may be ahead, so that a slow one in front stops nobody


def in_order(
    work: Callable[[Given], Made],
    things: Iterable[Given],
    *,
    start: Callable[[], None] = lambda: None,
) -> Generator[Made, None, None]:
    """What ``work`` makes of each thing, in order; ``start`` runs first in each thread.

    Closing the generator cancels what waits and returns when no thread works any more.
    """
    threads = os.cpu_count() or 1
    pool = ThreadPoolExecutor(threads, thread_name_prefix="images", initializer=start)
    waiting: deque[Future[Made]] = deque()
    try:
        for thing in things:
            waiting.append(pool.submit(work, thing))
            if len(waiting) > threads * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class PixelProgress:
    """How many images of all are done."""

    done: int
    total: int


class Pace:
    """Says when it is time to report again: at most ten times a second."""

    def __init__(self) -> None:
        self._next = 0.0

    def due(self) -> bool:
        """Whether a tenth of a second has passed since this last said so."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + 0.1
        return True
