"""A table that shows records: sortable, copyable, named for screen readers."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from .column_widths import ColumnWidth, shared_widths
from .sort_menu import SortMenu

Index = QModelIndex | QPersistentModelIndex
_LEAST_WIDTH = 72
_MEASURED_TEXTS = 200
_GRID_LINE = 1
_LEAST_ROW, _AROUND_TEXT = 34, 16
_SORT_KEYS = QKeySequence("Alt+Down")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its heading, what it shows of a record, and what it sorts by.

    What does not fit is left out in its middle, as suits paths; of ``prose``, at its end; of what
    stands on the ``right`` or is said to be ``whole``, nothing. The tooltip is the text, unless
    ``tip`` gives another one.
    """

    heading: str
    text: Callable[[Any], str]
    key: Callable[[Any], Any] | None = None
    right: bool = False
    whole: bool = False
    stretch: bool = False
    prose: bool = False
    tip: Callable[[Any], str] | None = None


class RecordModel(QAbstractTableModel):
    """Records in rows."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = columns
        self.records: Sequence[Any] = ()

    def show_records(self, records: Sequence[Any]) -> None:
        """Show these from now on."""
        self.beginResetModel()
        self.records = records
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's
        """How many records there are."""
        return 0 if parent.isValid() else len(self.records)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's
        """How many columns there are."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """The column's heading; in its tooltip, how to sort by it."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(self.columns[section])
        heading = self.columns[section].heading
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{heading}\nClick to sort by it; by keyboard, {_sort_keys()} in the table"
        return heading if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The cell's text; to sort by, its key."""
        column, record = self.columns[index.column()], self.records[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(record)
            case Qt.ItemDataRole.ToolTipRole:
                return (column.tip or column.text)(record)
            case Qt.ItemDataRole.UserRole:
                return (column.key or column.text)(record)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(column)
        return None


def _side(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _sort_keys() -> str:
    return _SORT_KEYS.toString(QKeySequence.SequenceFormat.NativeText)


class _ProseDelegate(QStyledItemDelegate):
    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: N802
        super().initStyleOption(option, index)
        given: Any = option
        given.textElideMode = Qt.TextElideMode.ElideRight


class RecordTable(QTableView):
    """Shows records; a click on a heading sorts by it, as does a menu for the keyboard.

    With ``several``, more than one can be chosen, by the keys that the system has for it.
    """

    def __init__(self, name: str, columns: Sequence[Column], *, several: bool = False) -> None:
        super().__init__()
        self._records = RecordModel(columns)
        self._measured: list[ColumnWidth] = []
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._records)
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self._sorted.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setModel(self._sorted)
        self.setAccessibleName(name)
        self.setAccessibleDescription(f"{_sort_keys()} sorts it.")
        self._dress(columns)
        self.sorting = SortMenu(self, [column.heading for column in columns])
        keys = QShortcut(_SORT_KEYS, self, context=Qt.ShortcutContext.WidgetShortcut)
        keys.activated.connect(self.ask_for_order)
        modes = QAbstractItemView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if several else modes.SingleSelection)

    def _dress(self, columns: Sequence[Column]) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self._fit_rows()
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        for number, column in enumerate(columns):
            if column.prose:
                self.setItemDelegateForColumn(number, _ProseDelegate(self))

    def show_records(self, records: Sequence[Any]) -> None:
        """Show these from now on."""
        self._records.show_records(records)
        self._measure_again()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Share the width, which nobody saw before."""
        super().showEvent(event)
        self._share_width()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Share the new width."""
        super().resizeEvent(event)
        self._share_width()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow another font or style."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._fit_rows()
            self._measure_again()

    def _fit_rows(self) -> None:
        height = self.fontMetrics().height() + _AROUND_TEXT
        self.verticalHeader().setDefaultSectionSize(max(_LEAST_ROW, height))

    def _measure_again(self) -> None:
        self._measured = []
        self._share_width()

    def _share_width(self) -> None:
        if not self.isVisible():
            return
        self._measured = self._measured or list(map(self._width, range(len(self._records.columns))))
        for number, width in enumerate(shared_widths(self._measured, self.viewport().width())):
            self.setColumnWidth(number, width)

    def _width(self, number: int) -> ColumnWidth:
        """Headings may be cut where cells are not."""
        column = self._records.columns[number]
        heading = self.horizontalHeader().sectionSizeHint(number)
        cells = max(self._widest_cell(number), _LEAST_WIDTH)
        least = cells if column.right or column.whole else _LEAST_WIDTH
        return ColumnWidth(wanted=max(heading, cells), least=least, stretch=column.stretch)

    def _widest_cell(self, number: int) -> int:
        """Only the longest texts are measured: the style takes its time for each cell."""
        column, records = self._records.columns[number], self._records.records
        rows = {column.text(record): row for row, record in enumerate(records)}
        longest = heapq.nlargest(_MEASURED_TEXTS, rows, key=len)
        if not longest:
            return 0
        widest = rows[max(longest, key=self.fontMetrics().horizontalAdvance)]
        cell = self._sorted.mapFromSource(self._records.index(widest, number))
        return self.sizeHintForIndex(cell).width() + _GRID_LINE

    @property
    def records(self) -> Sequence[Any]:
        """What is shown, in the order in which it was given."""
        return self._records.records

    def chosen(self) -> list[Any]:
        """The records that are chosen, from the top of the table downwards."""
        rows = sorted(self.selectionModel().selectedRows(), key=QModelIndex.row)
        return [self._records.records[self._sorted.mapToSource(row).row()] for row in rows]

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Copy whole rows, where Qt would copy one cell."""
        if event.matches(QKeySequence.StandardKey.Copy) and self.selectionModel().hasSelection():
            rows = sorted(index.row() for index in self.selectionModel().selectedRows())
            QGuiApplication.clipboard().setText(_as_lines(map(self._cells, rows)))
        else:
            super().keyPressEvent(event)

    def ask_for_order(self) -> None:
        """Ask how to sort, at the heading of the current column."""
        header = self.horizontalHeader()
        left = header.sectionViewportPosition(max(0, self.currentIndex().column()))
        self.sorting.popup(header.mapToGlobal(QPoint(max(0, left), header.height())))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        """Ask how to sort."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.ask_for_order()
        else:
            self.sorting.popup(event.globalPos())

    def as_text(self) -> str:
        """All rows as they are sorted, with tabs between the cells."""
        headings = [column.heading for column in self._records.columns]
        return _as_lines([headings, *map(self._cells, range(self._sorted.rowCount()))])

    def _cells(self, row: int) -> list[str]:
        """What stands in this row, as they are sorted."""
        columns = range(len(self._records.columns))
        return [self._sorted.index(row, column).data() for column in columns]


def _as_lines(rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("\t".join(cells) for cells in rows)
