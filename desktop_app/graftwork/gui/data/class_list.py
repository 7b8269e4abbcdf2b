"""The classes with their counts as bars; choosing one shows only its images."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPen, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from graftwork.gui.colors import current_colors
from graftwork.gui.parts.text import counted

_COUNT = Qt.ItemDataRole.UserRole
_FULL = Qt.ItemDataRole.UserRole + 1
_ABOVE_NAME, _BELOW_NAME = 6, 21


class ClassList(QListView):
    """All classes, and each class below it; ``chosen`` carries a name or None for all."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setAccessibleName("Classes")
        self.setItemDelegate(_BarDelegate(self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.selectionModel().currentChanged.connect(self._tell)

    def show_counts(self, counts: dict[str, int]) -> None:
        """Show these classes, with all of them chosen, which ``chosen`` does not tell.

        While rows go, each of the others is the current one for a moment.
        """
        largest = max(counts.values(), default=0)
        with QSignalBlocker(self):
            self._items.clear()
            self._items.appendRow(_item("All classes", sum(counts.values()), 0))
            for name, count in counts.items():
                self._items.appendRow(_item(name, count, largest))
            self.setCurrentIndex(self._items.index(0, 0))

    def _tell(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(current.data() if current.row() else None)


def _item(name: str, count: int, largest: int) -> QStandardItem:
    item = QStandardItem(name)
    item.setEditable(False)
    item.setData(count, _COUNT)
    item.setData(largest, _FULL)
    item.setData(f"{name}: {counted(count, 'image')}", Qt.ItemDataRole.AccessibleTextRole)
    item.setToolTip(f"{name}: {counted(count, 'image')}")
    return item


class _BarDelegate(QStyledItemDelegate):
    def sizeHint(  # noqa: N802 - Qt's name
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,  # noqa: ARG002
    ) -> QSize:
        given: Any = option
        return QSize(120, _ABOVE_NAME + given.fontMetrics.height() + _BELOW_NAME)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        given: Any = option
        colors = current_colors()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_box(painter, given.rect.adjusted(1, 1, -1, -1), given.state)
        painter.setPen(Qt.PenStyle.NoPen)
        inner = given.rect.adjusted(10, _ABOVE_NAME, -10, -8)
        _paint_bar(painter, inner, index, QColor(colors.border), QColor(colors.accent))
        painter.setPen(QColor(colors.text))
        _paint_words(painter, inner, index)
        painter.restore()


def _paint_box(painter: QPainter, box: QRect, state: QStyle.StateFlag) -> None:
    colors = current_colors()
    focused = bool(state & QStyle.StateFlag.State_HasFocus)
    selected = bool(state & QStyle.StateFlag.State_Selected)
    painter.setPen(QPen(QColor(colors.accent), 2) if focused else QPen(Qt.PenStyle.NoPen))
    painter.setBrush(QColor(colors.accent_soft if selected else "transparent"))
    painter.drawRoundedRect(box, 7, 7)


def _paint_bar(
    painter: QPainter,
    inner: QRect,
    index: QModelIndex | QPersistentModelIndex,
    back: QColor,
    front: QColor,
) -> None:
    full = index.data(_FULL)
    if not full:
        return
    groove = QRect(inner.left(), inner.bottom() - 4, inner.width(), 5)
    painter.setBrush(back)
    painter.drawRoundedRect(groove, 2.5, 2.5)
    groove.setWidth(max(5, round(inner.width() * index.data(_COUNT) / full)))
    painter.setBrush(front)
    painter.drawRoundedRect(groove, 2.5, 2.5)


def _paint_words(
    painter: QPainter, inner: QRect, index: QModelIndex | QPersistentModelIndex
) -> None:
    number = f"{index.data(_COUNT):,}"
    metrics = painter.fontMetrics()
    line = QRect(inner.left(), inner.top(), inner.width(), metrics.height())
    if not index.data(_FULL):
        line.moveCenter(inner.center())
    painter.drawText(line, int(Qt.AlignmentFlag.AlignRight), number)
    room = inner.width() - metrics.horizontalAdvance(number) - 10
    name = metrics.elidedText(index.data(), Qt.TextElideMode.ElideMiddle, room)
    painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft), name)
