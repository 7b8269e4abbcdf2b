"""Pulling generators to their end."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Y = TypeVar("Y")
R = TypeVar("R")


def drain(generator: Generator[Y, None, R]) -> tuple[list[Y], R]:
    """All that it yields, and what it returns."""
    yielded: list[Y] = []
    while True:
        try:
            yielded.append(next(generator))
        except StopIteration as end:
            return yielded, end.value
