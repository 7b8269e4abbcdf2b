"""Paints a cell of the confusion matrix: its shade always, and a ring where it is looked at."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from graftwork.gui.colors import current_colors

_FOCUSED, _SELECTED = QStyle.StateFlag.State_HasFocus, QStyle.StateFlag.State_Selected


class ShadeDelegate(QStyledItemDelegate):
    """The style would paint another colour over the shade of a cell that is selected."""

    def initStyleOption(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Leave what is special of the cell to ``paint``."""
        super().initStyleOption(option, index)
        given: Any = option
        given.backgroundBrush = QBrush()
        given.state &= ~(_FOCUSED | _SELECTED)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the shade, the count as of any cell, then the ring."""
        given: Any = option
        painter.fillRect(given.rect, QColor(current_colors().surface))
        painter.fillRect(given.rect, index.data(Qt.ItemDataRole.BackgroundRole))
        super().paint(painter, option, index)
        if given.state & (_FOCUSED | _SELECTED):
            _paint_ring(painter, given.rect, 2 if given.state & _FOCUSED else 1)


def _paint_ring(painter: QPainter, cell: QRect, width: int) -> None:
    """In the colour of the text, which stands out from the shades, unlike the accent."""
    painter.save()
    painter.setPen(QPen(QColor(current_colors().text), width))
    inset = width // 2
    painter.drawRect(cell.adjusted(inset, inset, -1 - (width - 1) // 2, -1 - (width - 1) // 2))
    painter.restore()
