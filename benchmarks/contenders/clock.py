"""Times the epochs of a part, and stops what would not be done within its budget."""

from __future__ import annotations

import time

_LEAST = 2  # epochs: the first is not like the others


class Clock:
    """Starts when it is made, before the contender touches an image."""

    def __init__(self, *, epochs: int, budget_s: float) -> None:
        self._epochs = epochs
        self._budget_s = budget_s
        self._began = self._last = time.perf_counter()
        self.epoch_seconds: list[float] = []
        self.stopped = False

    def epoch_done(self) -> bool:
        """Note an epoch; whether the next should be run."""
        now = time.perf_counter()
        self.epoch_seconds.append(now - self._last)
        self._last = now
        done = len(self.epoch_seconds)
        expected = now - self._began + (self._epochs - done) * self.epoch_seconds[-1]
        self.stopped = _LEAST <= done < self._epochs and expected > self._budget_s
        return not self.stopped

    def total_seconds(self) -> float:
        """Since the start, and what the epochs that were left out would have taken."""
        passed = time.perf_counter() - self._began
        left_out = self._epochs - len(self.epoch_seconds) if self.stopped else 0
        return passed + left_out * (self.epoch_seconds[-1] if left_out else 0)
