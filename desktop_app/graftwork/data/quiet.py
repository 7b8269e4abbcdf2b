"""Keeps warnings of image libraries from users, whichever threads decode at the same time."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_silences: list[warnings.catch_warnings[None]] = []
_inside = 0


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Ignore warnings while any thread is inside.

    ``warnings.catch_warnings`` alone changes what the whole process ignores, and threads that
    leave it in another order than they came put back the wrong state.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside  # noqa: PLW0603
    with _lock:
        if _inside == 0:
            silence = warnings.catch_warnings(action="ignore")
            silence.__enter__()
            _silences.append(silence)
        _inside += 1


def _leave() -> None:
    global _inside  # noqa: PLW0603
    with _lock:
        _inside -= 1
        if _inside == 0:
            _silences.pop().__exit__(None, None, None)
