"""The names of a chart's curves, each beside a piece of its line, in one line."""

from __future__ import annotations

from collections.abc import Sequence

from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy

from .curves import Curve
from .strokes import Stroke, stroke_of

_SAMPLE = 18
_BESIDE_SAMPLE = 4
_BETWEEN = 10
_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter)


class Legend(QLabel):
    """Empty while there is but one curve; the tooltip has all names where the line is short.

    As a label, it tells screen readers the names.
    """

    def __init__(self) -> None:
        super().__init__()
        self._named: list[Curve] = []
        self.setProperty("role", "small")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """Name these."""
        self._named = [curve for curve in curves if len(curve.x)] if len(curves) > 1 else []
        self.setToolTip("\n".join(curve.name for curve in self._named))
        self.setText(", ".join(curve.name for curve in self._named))
        self.update()

    @property
    def shortened(self) -> list[str]:
        """The names as far as the line has room for them."""
        metrics = self.fontMetrics()
        widths = [metrics.horizontalAdvance(curve.name) + 1 for curve in self._named]  # was rounded
        taken = len(widths) * (_SAMPLE + _BESIDE_SAMPLE + _BETWEEN) - _BETWEEN
        rooms = _rooms(widths, self.width() - taken)
        middle = Qt.TextElideMode.ElideMiddle
        pairs = zip(self._named, rooms, strict=True)
        return [metrics.elidedText(curve.name, middle, room) for curve, room in pairs]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint the entries from the right end."""
        painter = QPainter(self)
        right = self.width()
        for curve, name in reversed(list(zip(self._named, self.shortened, strict=True))):
            right -= self.fontMetrics().horizontalAdvance(name)
            painter.drawText(right, 0, self.width(), self.height(), _MIDDLE, name)
            right -= _SAMPLE + _BESIDE_SAMPLE
            _paint_sample(painter, QPointF(right, self.height() // 2), stroke_of(curve))
            right -= _BETWEEN
        painter.end()


def _paint_sample(painter: QPainter, left: QPointF, stroke: Stroke) -> None:
    painter.save()
    painter.setPen(stroke.pen)
    painter.drawLine(left, left + QPointF(_SAMPLE, 0))
    if stroke.marker is not None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(left + QPointF(_SAMPLE / 2, 0.5))
        color = stroke.pen.color()
        drawSymbol(painter, stroke.marker, stroke.size, QPen(Qt.PenStyle.NoPen), QBrush(color))
    painter.restore()


def _rooms(widths: Sequence[int], room: int) -> list[int]:
    """The room for each name: short ones get what they need, the others share what is left."""
    rooms = dict.fromkeys(range(len(widths)), 0)
    for done, place in enumerate(sorted(rooms, key=lambda place: widths[place])):
        rooms[place] = max(0, min(widths[place], room // (len(rooms) - done)))
        room -= rooms[place]
    return list(rooms.values())
