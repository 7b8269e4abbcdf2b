"""How the columns of a table share its width. Plain Python, no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ColumnWidth:
    """What a column wants, what it can do with, and whether it takes room that is left over."""

    wanted: int
    least: int
    stretch: bool = False


def shared_widths(columns: Sequence[ColumnWidth], room: int) -> list[int]:
    """The width of each column, in pixels.

    Where there is room, each has what it wants, and the stretching ones share the rest. Where there
    is not, the widest give way first, none below its least; so the sum may be more than ``room``.
    """
    widths = _narrowed(columns, room)
    stretching = [number for number, column in enumerate(columns) if column.stretch]
    for turn, number in enumerate(stretching):
        widths[number] += max(0, room - sum(widths)) // (len(stretching) - turn)
    return widths


def _narrowed(columns: Sequence[ColumnWidth], room: int) -> list[int]:
    widths: list[int] = []
    widest = max((column.wanted for column in columns), default=0)
    for most in range(min(widest, max(room, 0)), -1, -1):
        widths = [max(column.least, min(column.wanted, most)) for column in columns]
        if sum(widths) <= room:
            break
    return widths
