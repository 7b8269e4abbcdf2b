"""An axis whose numbers are short enough to be read."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence

import pyqtgraph as pg

_SEVERAL = 2
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class ShortAxis(pg.AxisItem):  # type: ignore[misc]
    """Writes 12,000 as 12k and 0.00001 as 10⁻⁵, and leaves zeros out that say nothing.

    Along several epochs (``counts``) only whole ones have numbers. Nothing that is charted is
    below zero, so that no tick is, where room is left below a curve.
    """

    def __init__(self, side: str, *, counts: bool = False) -> None:
        super().__init__(side)
        self._counts = counts

    def tickSpacing(  # noqa: N802 - pyqtgraph's name
        self,
        minVal: float,  # noqa: N803 - pyqtgraph's name
        maxVal: float,  # noqa: N803 - pyqtgraph's name
        size: float,
    ) -> list[tuple[float, float]]:
        """The distances of ticks, the largest first, and where each begins."""
        spacing: list[tuple[float, float]] = super().tickSpacing(minVal, maxVal, size)
        if not self._counts or maxVal - minVal < _SEVERAL:
            return spacing
        return [each for each in spacing if each[0] >= 1] or [(1, 0)]

    def tickValues(  # noqa: N802 - pyqtgraph's name
        self,
        minVal: float,  # noqa: N803 - pyqtgraph's name
        maxVal: float,  # noqa: N803 - pyqtgraph's name
        size: float,
    ) -> list[tuple[float, list[float]]]:
        """The ticks of each distance, the largest first."""
        least = minVal if self.logMode else max(minVal, 0.0)
        ticks: list[tuple[float, list[float]]] = super().tickValues(least, maxVal, size)
        return ticks

    def tickStrings(  # noqa: N802 - pyqtgraph's name
        self,
        values: Sequence[float],
        scale: float,
        spacing: float,  # noqa: ARG002 - pyqtgraph gives it
    ) -> list[str]:
        """The text at each tick."""
        if self.logMode:
            shown = _leading_digits(self.range[1] - self.range[0])
            return [_short(10**value) if _digit(value) in shown else "" for value in values]
        return [_short(value * scale) for value in values]


def _leading_digits(decades: float) -> Container[int]:
    """Those of the numbers that have room beside each other along so many powers of ten."""
    if decades > 1.5:
        return (1,)
    return (1, 2, 5) if decades > 0.5 else range(1, 10)


def _digit(logarithm: float) -> int:
    return round(10 ** (logarithm - math.floor(logarithm + 1e-9)))


def _short(value: float) -> str:
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:.4g}M"
    if size >= 10_000:
        return f"{value / 1e3:.4g}k"
    digits, _, power = f"{value:.4g}".partition("e")
    return _with_power(digits, int(power)) if power else digits


def _with_power(digits: str, power: int) -> str:
    factor = "" if digits == "1" else f"{digits}·"
    return factor + "10" + str(power).translate(_RAISED)
