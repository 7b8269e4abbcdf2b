"""Names the first files that were left out, and counts the others, which would hide the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .console import shown

_NAMED = 5


class LeftOut:
    """Makes lines of the files that are left out one after the other."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, path: str, reason: str) -> Iterator[str]:
        """A line for each of the first few."""
        self._count += 1
        if self._count <= _NAMED:
            yield f"[yellow]Left out:[/yellow] {shown(path)}: {shown(reason)}"

    def end(self, where: str) -> Iterator[str]:
        """How many more there are, and ``where`` to find them; what comes now is counted anew."""
        if self._count > _NAMED:
            yield f"[yellow]and {self._count - _NAMED} more:[/yellow] {where}"
        self._count = 0


def left_out_lines(problems: Iterable[tuple[str, str]], where: str) -> Iterator[str]:
    """The lines of these paths and reasons."""
    left_out = LeftOut()
    for path, reason in problems:
        yield from left_out.add(path, reason)
    yield from left_out.end(where)
