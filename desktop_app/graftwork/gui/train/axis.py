"""An axis whose numbers are short enough to be read."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg


class ShortAxis(pg.AxisItem):  # type: ignore[misc]
    """Writes 12,000 as 12k, and leaves zeros out that say nothing."""

    def tickStrings(  # noqa: N802 - pyqtgraph's name
        self,
        values: Sequence[float],
        scale: float,
        spacing: float,  # noqa: ARG002 - pyqtgraph gives it
    ) -> list[str]:
        """The text at each tick."""
        if self.logMode:
            return [_short(10**value) for value in values]
        return [_short(value * scale) for value in values]


def _short(value: float) -> str:
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:.4g}M"
    if size >= 10_000:
        return f"{value / 1e3:.4g}k"
    return f"{value:.4g}"
