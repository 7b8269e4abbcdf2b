"""Tables of records, and how their columns share what width there is."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QKeySequence
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from graftwork.gui.parts.column_widths import ColumnWidth, shared_widths
from graftwork.gui.parts.table import Column, RecordTable
from graftwork.gui.theme import Theme

DATE, FILE, NAME, FIGURE = "2026-11-23 01:01", "a folder with a long name", "x" * 40, "97.3%"


@pytest.mark.parametrize(
    ("room", "widths"),
    [
        (700, [140, 400, 160]),
        (500, [140, 200, 160]),
        (450, [140, 155, 155]),
        (330, [140, 95, 95]),
        (300, [140, 80, 80]),
        (100, [140, 80, 80]),
        (-1, [140, 80, 80]),
    ],
)
def test_the_widest_columns_give_way_first(room: int, widths: list[int]) -> None:
    columns = [
        ColumnWidth(wanted=140, least=140),
        ColumnWidth(wanted=200, least=80, stretch=True),
        ColumnWidth(wanted=160, least=80),
    ]
    assert shared_widths(columns, room) == widths


def test_all_the_room_goes_to_the_columns_that_stretch() -> None:
    stretching = [ColumnWidth(wanted=50, least=10, stretch=True)] * 3
    assert shared_widths(stretching, 301) == [100, 100, 101]
    assert shared_widths([ColumnWidth(wanted=50, least=10)], 301) == [50]
    assert shared_widths([], 301) == []


@pytest.fixture
def table(qtbot: QtBot) -> RecordTable:
    columns = [
        Column(heading="Date", text=itemgetter(0), whole=True),
        Column(heading="Data", text=itemgetter(1), stretch=True),
        Column(heading="Name", text=itemgetter(2)),
        Column(heading="What share of them was found", text=itemgetter(3), right=True),
    ]
    table = RecordTable("Records", columns)
    qtbot.addWidget(table)
    return table


@pytest.mark.parametrize("width", [460, 700, 1500])
def test_a_narrow_table_cuts_words_but_neither_dates_nor_figures(
    table: RecordTable, width: int
) -> None:
    table.resize(width, 300)
    table.show()
    table.show_records([(DATE, FILE, NAME, FIGURE)] * 30)
    QApplication.processEvents()
    assert sum(map(table.columnWidth, range(4))) == table.viewport().width()
    assert not table.horizontalScrollBar().isVisible()
    for column in (0, 3):
        assert table.columnWidth(column) >= table.sizeHintForColumn(column)
    tip = table.model().headerData(3, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "What share of them was found" in tip
    table.resize(2 * width, 300)
    QApplication.processEvents()
    assert sum(map(table.columnWidth, range(4))) == table.viewport().width() > width


def test_only_what_is_seen_is_read_when_a_long_table_is_resized(qtbot: QtBot) -> None:
    read = []
    columns = [Column(heading="Figure", text=lambda record: read.append(record) or str(record))]
    table = RecordTable("Figures", columns)
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show()
    table.show_records(range(2_000))
    QApplication.processEvents()
    read.clear()
    table.resize(420, 300)
    QApplication.processEvents()
    assert 0 < len(set(read)) < 30


def test_a_figure_far_down_is_as_whole_as_the_first(table: RecordTable) -> None:
    rows = [(DATE, FILE, NAME, FIGURE)] * 1_500
    table.show()
    table.resize(460, 300)
    table.show_records([*rows, (DATE, FILE, NAME, "1,234,567.8%")])
    QApplication.processEvents()
    last = table.model().index(len(rows), 3)
    assert table.columnWidth(3) >= table.sizeHintForIndex(last).width()


def test_a_table_that_was_hidden_shares_its_width_when_it_is_shown(table: RecordTable) -> None:
    table.resize(700, 300)
    table.show_records([(DATE, FILE, NAME, FIGURE)])
    table.show()
    QApplication.processEvents()
    assert sum(map(table.columnWidth, range(4))) == table.viewport().width()


@pytest.fixture
def styled(qapp: QApplication) -> Iterator[None]:
    theme = Theme(qapp, "light")
    yield
    theme.deleteLater()


def test_a_cell_with_the_focus_shows_its_text_whole(
    qtbot: QtBot, styled: None, table: RecordTable
) -> None:
    """A date that is cut has an ellipsis: other pixels than the same date beside it."""
    table.show()
    table.resize(460, 300)
    table.show_records([(DATE, FILE, NAME, FIGURE)] * 2)
    table.activateWindow()
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    first, second = (table.model().index(row, 0) for row in range(2))
    dates = []
    for current in (first, second):
        table.selectRow(0)
        table.selectionModel().setCurrentIndex(current, QItemSelectionModel.SelectionFlag.NoUpdate)
        inside = table.visualRect(first).adjusted(4, 4, -4, -4)
        dates.append(table.viewport().grab(inside).toImage())
    assert dates[0] == dates[1]


def test_the_rows_that_are_chosen_are_copied_whole(qtbot: QtBot) -> None:
    columns = [Column(heading=str(n), text=itemgetter(n)) for n in range(2)]
    table = RecordTable("Records", columns, several=True)
    qtbot.addWidget(table)
    table.show_records([("bee", "5"), ("ant", "7"), ("wasp", "9")])
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "ant\t7\nbee\t5"


@pytest.fixture
def animals(qtbot: QtBot) -> RecordTable:
    """Two columns, with the focus in the second one."""
    columns = [Column(heading=heading, text=itemgetter(n)) for n, heading in enumerate(HEADINGS)]
    table = RecordTable("Records", columns)
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show_records([("bee", "5"), ("ant", "7"), ("wasp", "6")])
    table.show()
    table.activateWindow()
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    table.setCurrentIndex(table.model().index(0, 1))
    return table


HEADINGS = ("Animal", "Legs")


def names(table: RecordTable) -> list[str]:
    return [table.model().index(row, 0).data() for row in range(3)]


def press(qtbot: QtBot, table: RecordTable, *keys: Qt.Key) -> None:
    """Open the table's menu by keyboard, and press these there."""
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(table.sorting.isVisible)
    for key in keys:
        qtbot.keyClick(table.sorting, key)
    assert not table.sorting.isVisible()


def test_a_table_is_sorted_by_keyboard(qtbot: QtBot, animals: RecordTable) -> None:
    up, down, enter = Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return
    press(qtbot, animals, down, down, enter)
    assert names(animals) == ["bee", "wasp", "ant"]
    press(qtbot, animals, up, enter)
    assert names(animals) == ["ant", "wasp", "bee"]
    press(qtbot, animals, down, enter)
    assert names(animals) == ["ant", "bee", "wasp"]
    assert animals.currentIndex().data() == "5", "what was looked at still is"
    assert animals.hasFocus()


def test_the_menu_shows_how_the_table_is_sorted(qtbot: QtBot, animals: RecordTable) -> None:
    assert checked(animals) == []
    assert not any(action.isEnabled() for action in animals.sorting.actions()[-2:])
    animals.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert checked(animals) == ["Sort by “Legs”", "Descending"]
    heading = animals.horizontalHeader().viewport()
    for ending in ("Ascending", "Descending"):
        qtbot.mouseClick(heading, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
        assert checked(animals) == ["Sort by “Animal”", ending]


def checked(table: RecordTable) -> list[str]:
    return [action.text() for action in table.sorting.actions() if action.isChecked()]


@pytest.mark.parametrize("reason", list(QContextMenuEvent.Reason)[:2])
def test_the_menu_is_what_the_menu_key_and_the_right_button_open(
    animals: RecordTable, reason: QContextMenuEvent.Reason
) -> None:
    place = QPoint(30, 60)
    event = QContextMenuEvent(reason, place, animals.viewport().mapToGlobal(place))
    QApplication.sendEvent(animals.viewport(), event)
    assert animals.sorting.isVisible()
    animals.sorting.close()


def test_how_to_sort_is_told(animals: RecordTable) -> None:
    tip = animals.model().headerData(0, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    keys = QKeySequence("Alt+Down").toString(QKeySequence.SequenceFormat.NativeText)
    assert keys in tip
    assert keys in animals.accessibleDescription()
