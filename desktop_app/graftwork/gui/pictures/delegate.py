"""Paints one picture of the grid: a tile, and two lines below it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from graftwork.gui.colors import Colors, current_colors

from .model import Picture

TILE = 112
_LEAST_LINE = 20
_SMALLER = 0.9
_MARGIN = 6


class PictureDelegate(QStyledItemDelegate):
    """All items are of one size, which makes a list of any length open at once."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._lines = lines

    def cell(self, font: QFont) -> QSize:
        """The size of one item whose text has this font."""
        lines = self._lines * _line_height(_smaller(font))
        return QSize(TILE + 2 * _MARGIN, TILE + 2 * _MARGIN + lines)

    def sizeHint(  # noqa: N802 - Qt's name
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,  # noqa: ARG002
    ) -> QSize:
        """The one size."""
        given: Any = option
        return self.cell(given.font)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the tile, its picture and its lines."""
        given: Any = option
        colors = current_colors()
        tile = QRect(given.rect.topLeft(), QSize(TILE, TILE)).translated(_MARGIN, _MARGIN)
        painter.save()
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        _paint_tile(painter, tile, colors, given.state)
        _paint_picture(painter, tile, colors, index.data(Qt.ItemDataRole.DecorationRole))
        _paint_lines(painter, tile, colors, index.data(Qt.ItemDataRole.UserRole), self._lines)
        painter.restore()


def _paint_tile(painter: QPainter, tile: QRect, colors: Colors, state: QStyle.StateFlag) -> None:
    selected = bool(state & QStyle.StateFlag.State_Selected)
    focused = bool(state & QStyle.StateFlag.State_HasFocus)
    edge = colors.accent if selected or focused else colors.border
    painter.setBrush(QColor(colors.accent_soft if selected else colors.sunken))
    painter.setPen(QPen(QColor(edge), 2 if focused else 1))
    painter.drawRoundedRect(tile, 6, 6)


def _paint_picture(painter: QPainter, tile: QRect, colors: Colors, picture: QPixmap | None) -> None:
    if picture is None:
        return
    if picture.isNull():
        painter.setPen(QColor(colors.danger))
        painter.drawText(tile, int(Qt.AlignmentFlag.AlignCenter), "unusable")
        return
    inside = tile.adjusted(4, 4, -4, -4)
    size = picture.size().scaled(inside.size(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRect(inside.topLeft(), size)
    place.moveCenter(tile.center())
    painter.drawPixmap(place, picture)


def _paint_lines(
    painter: QPainter, tile: QRect, colors: Colors, picture: Picture, lines: int
) -> None:
    texts = [(picture.caption, colors.text)]
    texts.append((picture.detail, colors.danger if picture.alert else colors.muted))
    painter.setFont(_smaller(painter.font()))
    line = _line_height(painter.font())
    for number, (text, color) in enumerate(texts[:lines]):
        place = QRect(tile.left(), tile.bottom() + 3 + number * line, tile.width(), line)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, place.width())
        painter.setPen(QColor(color))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), shown)


def _smaller(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(small.pointSizeF() * _SMALLER)
    return small


def _line_height(font: QFont) -> int:
    return max(_LEAST_LINE, QFontMetrics(font).height())
