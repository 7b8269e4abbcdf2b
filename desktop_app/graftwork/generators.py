"""Work that is done step by step, and returns something at its end."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

Step = TypeVar("Step")
Told = TypeVar("Told")
Made = TypeVar("Made")


def mapped(
    steps: Generator[Step, None, Made], tell: Callable[[Step], Told]
) -> Generator[Told, None, Made]:
    """What ``tell`` makes of each step, and what they return; whatever ends it ends them."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                made: Made = end.value
                return made
            yield tell(step)
