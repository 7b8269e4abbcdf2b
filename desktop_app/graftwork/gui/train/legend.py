"""The names of a chart's curves, each with a dot in its colour, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from graftwork.gui.colors import current_colors

from .curves import Curve


class Legend(QLabel):
    """Empty while there is but one curve; the tooltip has all names where the line is short."""

    def __init__(self) -> None:
        super().__init__()
        self._named: list[Curve] = []
        self.setProperty("role", "small")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """Name these."""
        self._named = [curve for curve in curves if len(curve.x)] if len(curves) > 1 else []
        self.setToolTip("\n".join(curve.name for curve in self._named))
        self._write()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Shorten the names as far as the line is too short for them."""
        super().resizeEvent(event)
        self._write()

    def _write(self) -> None:
        metrics, named = self.fontMetrics(), self._named
        signs = metrics.horizontalAdvance("●\u00a0\u00a0\u00a0 ") * len(named)
        widths = [metrics.horizontalAdvance(curve.name) + 1 for curve in named]  # rounded down
        shortened = (
            metrics.elidedText(curve.name, Qt.TextElideMode.ElideMiddle, room)
            for curve, room in zip(named, _rooms(widths, self.width() - signs), strict=True)
        )
        self.setText("&nbsp;&nbsp; ".join(map(_entry, named, shortened)))


def _rooms(widths: Sequence[int], room: int) -> list[int]:
    """The room for each name: short ones get what they need, the others share what is left."""
    rooms = dict.fromkeys(range(len(widths)), 0)
    for done, place in enumerate(sorted(rooms, key=lambda place: widths[place])):
        rooms[place] = min(widths[place], room // (len(rooms) - done))
        room -= rooms[place]
    return list(rooms.values())


def _entry(curve: Curve, name: str) -> str:
    series = current_colors().series
    sign = "○" if curve.faint else "●"
    color = series[curve.color % len(series)]
    return f'<span style="color:{color}">{sign}</span>&nbsp;{escape(name)}'
