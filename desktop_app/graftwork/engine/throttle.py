"""Keeps events that could come thousands of times a second to a pace that eyes can follow."""

from __future__ import annotations

import time


class Throttle:
    """``due`` is true at most once in ``interval`` seconds."""

    def __init__(self, interval: float = 0.05) -> None:
        self._interval = interval
        self._last = 0.0

    def due(self) -> bool:
        """Whether enough time has passed since it last was."""
        now = time.monotonic()
        if now - self._last < self._interval:
            return False
        self._last = now
        return True
