"""Paints one choice of a list: a title, a note on its right, a sentence below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from graftwork.gui.colors import current_colors

if TYPE_CHECKING:
    from .choice_list import Choice

_PADDING = 10
_GAP = 3
_WRAP = int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignTop)


class ChoiceDelegate(QStyledItemDelegate):
    """Rounded rows; the chosen one has the accent's border."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """As high as the wrapped title and sentence need, and the note if it has no room beside."""
        choice: Choice = index.data(Qt.ItemDataRole.UserRole)
        width = self._view.viewport().width()
        inner = width - 2 * _PADDING - 4
        detail = _height(_small(option), choice.detail, inner)
        title = _note_height(option, inner, choice) + _title_height(option, inner, choice)
        return QSize(width - 4, title + detail + _GAP + 2 * _PADDING + 6)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the row."""
        choice: Choice = index.data(Qt.ItemDataRole.UserRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(1.0 if self._view.isEnabled() else 0.5)
        box = _rect(option).adjusted(2, 3, -2, -3)
        self._paint_box(painter, option, box)
        inner = box.adjusted(_PADDING, _PADDING, -_PADDING, -_PADDING)
        _paint_texts(painter, option, inner, choice)
        painter.restore()

    def _paint_box(self, painter: QPainter, option: QStyleOptionViewItem, box: QRect) -> None:
        colors = current_colors()
        state = _state(option)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        focused = selected and self._view.hasFocus()
        fill = colors.accent_soft if selected else colors.sunken if hovered else colors.surface
        edge = colors.accent if selected else colors.border
        painter.setBrush(QColor(fill))
        painter.setPen(QPen(QColor(edge), 2 if focused else 1))
        painter.drawRoundedRect(box, 8, 8)


def _paint_texts(
    painter: QPainter, option: QStyleOptionViewItem, inner: QRect, choice: Choice
) -> None:
    colors = current_colors()
    above = _note_height(option, inner.width(), choice)
    title_height = _title_height(option, inner.width(), choice)
    painter.setPen(QColor(colors.muted))
    painter.setFont(_small(option))
    painter.drawText(inner, int(Qt.AlignmentFlag.AlignRight), choice.note)
    painter.drawText(inner.adjusted(0, above + title_height + _GAP, 0, 0), _WRAP, choice.detail)
    painter.setPen(QColor(colors.text))
    painter.setFont(_bold(option))
    size = QSize(_title_width(option, inner.width(), choice), title_height)
    painter.drawText(QRect(inner.topLeft() + QPoint(0, above), size), _WRAP, choice.title)


def _title_height(option: QStyleOptionViewItem, width: int, choice: Choice) -> int:
    return _height(_bold(option), choice.title, _title_width(option, width, choice))


def _title_width(option: QStyleOptionViewItem, width: int, choice: Choice) -> int:
    """What a note beside it leaves of this width."""
    beside = bool(choice.note) and not _note_height(option, width, choice)
    return _beside_note(option, width, choice) if beside else width


def _note_height(option: QStyleOptionViewItem, width: int, choice: Choice) -> int:
    """Of a line above the title for the note, where it would cut a word of the title; or none."""
    bold, small = QFontMetrics(_bold(option)), QFontMetrics(_small(option))
    words = choice.title.replace("-", "- ").split()
    longest = max(map(bold.horizontalAdvance, words), default=0)
    cuts = bool(choice.note) and longest > _beside_note(option, width, choice)
    return small.height() if cuts else 0


def _beside_note(option: QStyleOptionViewItem, width: int, choice: Choice) -> int:
    return width - QFontMetrics(_small(option)).horizontalAdvance(choice.note) - _PADDING


def _height(font: QFont, text: str, width: int) -> int:
    """Of a text that is wrapped to this width."""
    return QFontMetrics(font).boundingRect(QRect(0, 0, width, 10_000), _WRAP, text).height()


def _small(option: QStyleOptionViewItem) -> QFont:
    font = QFont(_any(option).font)
    font.setPointSizeF(font.pointSizeF() * 0.92)
    return font


def _bold(option: QStyleOptionViewItem) -> QFont:
    font = QFont(_any(option).font)
    font.setWeight(QFont.Weight.DemiBold)
    return font


def _any(option: QStyleOptionViewItem) -> Any:
    """Qt's stubs know no attributes of an option."""
    return option


def _rect(option: QStyleOptionViewItem) -> QRect:
    rect: QRect = _any(option).rect
    return rect


def _state(option: QStyleOptionViewItem) -> QStyle.StateFlag:
    state: QStyle.StateFlag = _any(option).state
    return state
