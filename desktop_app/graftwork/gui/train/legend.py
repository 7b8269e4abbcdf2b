"""The names of a chart's curves, each with a dot in its colour, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from graftwork.gui.colors import current_colors

from .curves import Curve


class Legend(QLabel):
    """Empty while there is but one curve; the tooltip has all names where the line is short."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "small")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """Name these."""
        named = [curve for curve in curves if len(curve.x)] if len(curves) > 1 else []
        self.setText("&nbsp;&nbsp; ".join(_entry(curve) for curve in named))
        self.setToolTip("\n".join(curve.name for curve in named))


def _entry(curve: Curve) -> str:
    series = current_colors().series
    sign = "○" if curve.faint else "●"
    color = series[curve.color % len(series)]
    return f'<span style="color:{color}">{sign}</span>&nbsp;{escape(curve.name)}'
