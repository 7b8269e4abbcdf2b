"""Which of many samples are kept, so that a run of days needs no more memory than a short one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Thinning:
    """Keeps every sample at first; beyond ``most`` every second, then every fourth, and so on.

    So what is kept lies evenly along all that came.
    """

    most: int
    _stride: int = 1
    _seen: int = 0

    def keeps_next(self) -> bool:
        """Whether the sample that comes now is to be kept."""
        self._seen += 1
        return (self._seen - 1) % self._stride == 0

    def thin_out(self, *series: list[Any]) -> None:
        """Leave every second value out of each, if the first has more than ``most``."""
        if len(series[0]) > self.most:
            self._stride *= 2
            for each in series:
                del each[1::2]
