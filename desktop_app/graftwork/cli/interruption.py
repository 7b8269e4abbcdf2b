"""Ctrl-C that waits for the present step, so that its result is kept."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType


@contextmanager
def postponed_interruption() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether Ctrl-C was pressed; pressed again, it acts at once.

    An interruption in the midst of a step could leave weights of which half are those of the step
    before, so that no checkpoint could be written.
    """
    if current_thread() is not main_thread() or not _is_usual():
        yield lambda: False
        return
    pressed: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_usual() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler
