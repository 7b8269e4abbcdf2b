"""How curves are drawn: each number has a colour, dashes and a marker, one of which does alone."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from graftwork.gui.colors import current_colors

from .curves import Curve

_DASHES = ((), (6, 4), (2, 3), (10, 3, 2, 3))
_MARKERS = (("o", 5), ("s", 6), ("t1", 8), ("d", 8))
_MOST_MARKERS = 60
_FAINT = 90
_FAINT_DASHES = 170  # there is less of them to see


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """The pen of a curve, and the marker of its values (None: they have none) with its size."""

    pen: QPen
    marker: str | None
    size: int


def stroke_of(curve: Curve) -> Stroke:
    """The stroke of this curve, in the theme's colours."""
    marker, size = _MARKERS[curve.color % len(_MARKERS)]
    wanted = _wants_markers(curve)
    return Stroke(pen=_pen(curve), marker=marker if wanted else None, size=size)


def _pen(curve: Curve) -> QPen:
    series = current_colors().series
    color = QColor(series[curve.color % len(series)])
    dashes = _DASHES[curve.color % len(_DASHES)]
    if curve.faint:
        color.setAlpha(_FAINT_DASHES if dashes else _FAINT)
    pen = QPen(color, 1)
    pen.setCosmetic(True)
    if dashes:
        pen.setDashPattern(dashes)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def _wants_markers(curve: Curve) -> bool:
    """A single value makes no line; too many markers make one that nobody can read."""
    return len(curve.x) == 1 or (curve.points and len(curve.x) < _MOST_MARKERS)
