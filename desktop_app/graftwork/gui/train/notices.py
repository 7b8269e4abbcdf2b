"""The choices and warnings of a run: warnings above, and each in the order in which they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from graftwork.engine.events import Notice
from graftwork.engine.history import RunHistory
from graftwork.gui.icons import icon
from graftwork.gui.parts.banner import spoken
from graftwork.gui.parts.focus import choose_at_focus

_BOX = 12
"""What the style puts around a notice, left and right together."""


class _WrappingDelegate(QStyledItemDelegate):
    def sizeHint(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Qt wraps to the list's width and adds the box, which made the list scroll sideways."""
        narrower: Any = QStyleOptionViewItem(option)
        narrower.rect = narrower.rect.adjusted(0, 0, -_BOX, 0)
        return super().sizeHint(narrower, index)


class NoticeList(QListWidget):
    """Grows with the history; a new history empties it."""

    def __init__(self, history: Callable[[], RunHistory]) -> None:
        super().__init__()
        self._history = history
        self._shown: RunHistory | None = None
        self._warnings = 0
        self.setAccessibleName("What was chosen, and why")
        self.setWordWrap(True)
        self.setIconSize(QSize(16, 16))
        self.setObjectName("notices")
        self.setItemDelegate(_WrappingDelegate(self))
        self.setHorizontalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(200)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Choose a notice, from which arrow keys go on."""
        super().focusInEvent(event)
        choose_at_focus(self, event)

    @Slot()
    def refresh(self) -> None:
        """Add what is new."""
        history = self._history()
        if history is not self._shown:
            self.clear()
            self._shown = history
            self._warnings = 0
        for notice in history.notices[self.count() :]:
            self._add(notice)

    def _add(self, notice: Notice) -> None:
        """Where it is seen: a choice that follows must not push a warning out of sight."""
        if notice.level == "warning":
            self.insertItem(self._warnings, _item(notice))
            self._warnings += 1
        else:
            self.addItem(_item(notice))
        if self._warnings:
            self.scrollToTop()
        else:
            self.scrollToBottom()


def _item(notice: Notice) -> QListWidgetItem:
    item = QListWidgetItem(icon(notice.level), notice.text)
    item.setToolTip(notice.text)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken(notice.text, notice.level))
    return item
