"""Work on many files in threads, in order, without holding more than a few results."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from .throttle import Throttle

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
    threads = usable_processors()
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


def usable_processors() -> int:
    """How many processors this process may run on, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class PixelProgress:
    """How many images of all are done."""

    done: int
    total: int


def for_each(
    work: Callable[[Given], Made], things: Sequence[Given]
) -> Generator[PixelProgress, None, list[Made]]:
    """What ``work`` makes of all things, in order."""
    throttle, made = Throttle(), []
    with closing(in_order(work, things)) as results:
        for result in results:
            made.append(result)
            if throttle.due():
                yield PixelProgress(len(made), len(things))
    return made


def finished(steps: Generator[object, None, Made]) -> Made:
    """What the steps return when all are done."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Made = end.value
            return made
