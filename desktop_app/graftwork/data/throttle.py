"""Keeps reports that could come thousands of times a second to a pace that eyes can follow."""

from __future__ import annotations

import time

_PART_OF_ALL = 1 / 1000


class Throttle:
    """``due`` is true at once, and then at most once in ``interval`` seconds.

    With ``slowest`` the interval grows to a thousandth of the time since the first report, but not
    beyond so many seconds: what keeps every report is not filled by work that takes days.
    """

    def __init__(self, interval: float = 0.05, *, slowest: float | None = None) -> None:
        self._interval = interval
        self._slowest = interval if slowest is None else slowest
        self._first: float | None = None
        self._next = float("-inf")

    def due(self) -> bool:
        """Whether it is time to report again."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._first = now if self._first is None else self._first
        grown = min((now - self._first) * _PART_OF_ALL, self._slowest)
        self._next = now + max(self._interval, grown)
        return True
