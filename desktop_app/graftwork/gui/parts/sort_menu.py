"""The menu by which a table is sorted without a mouse: by which heading, and which way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QTableView

from .announce import announce

_ORDERS = {
    Qt.SortOrder.AscendingOrder: "Ascending",
    Qt.SortOrder.DescendingOrder: "Descending",
}


class SortMenu(QMenu):
    """Follows the table, however it is sorted, and tells screen readers."""

    def __init__(self, table: QTableView, headings: Sequence[str]) -> None:
        super().__init__("Sort", table)
        self._table = table
        self._headings = headings
        by = QActionGroup(self)
        self._by = [self._add(by, f"Sort by “{heading}”") for heading in headings]
        self.addSeparator()
        ways = QActionGroup(self)
        self._ways = {order: self._add(ways, text) for order, text in _ORDERS.items()}
        self._listen()
        self._show_order()

    def _add(self, group: QActionGroup, text: str) -> QAction:
        action = self.addAction(text)
        action.setCheckable(True)
        group.addAction(action)
        return action

    def _listen(self) -> None:
        for column, action in enumerate(self._by):
            action.triggered.connect(partial(self._sort_by, column))
        for order, action in self._ways.items():
            action.triggered.connect(partial(self._sort_in, order))
        header = self._table.horizontalHeader()
        header.sortIndicatorChanged.connect(self._show_order)
        header.sortIndicatorChanged.connect(self._tell)

    def _sort_by(self, column: int) -> None:
        """Upwards at first, as by a click on a heading."""
        if column != self._table.horizontalHeader().sortIndicatorSection():
            self._table.sortByColumn(column, Qt.SortOrder.AscendingOrder)

    def _sort_in(self, order: Qt.SortOrder) -> None:
        self._table.sortByColumn(self._table.horizontalHeader().sortIndicatorSection(), order)

    @Slot()
    def _show_order(self) -> None:
        header = self._table.horizontalHeader()
        column = header.sortIndicatorSection()
        is_sorted = 0 <= column < len(self._by)
        if is_sorted:
            self._by[column].setChecked(True)
        for order, action in self._ways.items():
            action.setEnabled(is_sorted)
            action.setChecked(is_sorted and order == header.sortIndicatorOrder())

    @Slot(int, Qt.SortOrder)
    def _tell(self, column: int, order: Qt.SortOrder) -> None:
        if 0 <= column < len(self._headings):
            announce(self._table, f"Sorted by “{self._headings[column]}”, {_ORDERS[order].lower()}")
