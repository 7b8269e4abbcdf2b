"""Keeps reports that could come thousands of times a second to a pace that eyes can follow."""

from __future__ import annotations

import time


class Throttle:
    """``due`` is true at once, and then at most once in ``interval`` seconds."""

    def __init__(self, interval: float = 0.05) -> None:
        self._interval = interval
        self._next = float("-inf")

    def due(self) -> bool:
        """Whether it is time to report again."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._interval
        return True
