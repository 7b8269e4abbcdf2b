"""The names of classes above the confusion matrix: upright where they have no room side by side."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QHeaderView

from graftwork.gui.colors import current_colors

_HIGHEST = 140
_MARGIN = 4
_SMALLER = 0.92
_MEASURED_NAMES = 200


class ClassHeader(QHeaderView):
    """Upright, a name is as long as it wants, but for very long ones: these lose their middle."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._widest = 0
        self.upright = False

    def show_names(self, names: Sequence[str]) -> None:
        """Measure these; only the longest ones, since there may be ten thousand."""
        longest = heapq.nlargest(_MEASURED_NAMES, names, key=len)
        width = QFontMetrics(self._small()).horizontalAdvance
        self._widest = max(map(width, longest), default=0) + 2 * _MARGIN

    def fit_names(self, room: int) -> None:
        """Turn the names if the widest one has no room in so many pixels."""
        self.setDefaultSectionSize(room)
        if self.upright != (upright := self._widest > room):
            self.upright = upright
            self.updateGeometry()
            self.geometriesChanged.emit()  # upon which the table gives it another height

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as the widest name is wide, if they stand upright."""
        hint = super().sizeHint()
        if not self.upright:
            return hint
        most = max(_HIGHEST, 7 * self.fontMetrics().height())
        return QSize(hint.width(), min(most, self._widest + _MARGIN))

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:  # noqa: N802
        """Paint a name, from the bottom upwards if they stand upright."""
        if not self.upright:
            super().paintSection(painter, rect, section)
            return
        painter.save()
        painter.setPen(QColor(current_colors().border))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.setPen(QColor(current_colors().muted))
        painter.setFont(self._small())
        painter.translate(rect.bottomLeft())
        painter.rotate(-90)
        _paint_name(painter, QSize(rect.height(), rect.width()), self._name(section))
        painter.restore()

    def _small(self) -> QFont:
        small = QFont(self.font())
        small.setPointSizeF(small.pointSizeF() * _SMALLER)
        return small

    def _name(self, section: int) -> str:
        return str(self.model().headerData(section, self.orientation()))


def _paint_name(painter: QPainter, size: QSize, name: str) -> None:
    place = QRect(0, 0, size.width(), size.height()).adjusted(_MARGIN, 0, -_MARGIN, 0)
    middle = Qt.TextElideMode.ElideMiddle
    shown = painter.fontMetrics().elidedText(name, middle, place.width())
    painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), shown)
