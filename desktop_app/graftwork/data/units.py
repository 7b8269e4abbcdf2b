"""What a split must not tear apart: groups, exact copies of an image, and what these join."""

from __future__ import annotations

from collections.abc import Sequence

from graftwork.plugin_api import Catalog

Unit = str | int
"""The name of a group, or the index of an item that has none."""


def units_of(catalog: Catalog, contents: Sequence[str] | None = None) -> list[Unit]:
    """The unit of each item: items of equal unit belong together.

    ``contents`` name what is in each item's file, alike where that is the same. Copies that lie in
    two groups join these. Without copies a unit is a group, or an item that has none.
    """
    own: list[Unit] = [item.group or index for index, item in enumerate(catalog.items)]
    if contents is None or len(set(contents)) == len(contents):
        return own
    joined = _Joined()
    first: dict[str, Unit] = {}
    for unit, content in zip(own, contents, strict=True):
        joined.join(first.setdefault(content, unit), unit)
    return [joined.find(unit) for unit in own]


class _Joined:
    """Sets of units that grow together (union-find), each named by one of its units."""

    def __init__(self) -> None:
        self._above: dict[Unit, Unit] = {}

    def find(self, unit: Unit) -> Unit:
        above = self._above
        while unit in above:
            if above[unit] in above:
                above[unit] = above[above[unit]]  # so that ways stay short
            unit = above[unit]
        return unit

    def join(self, first: Unit, second: Unit) -> None:
        to, other = self.find(first), self.find(second)
        if to != other:
            self._above[other] = to
