"""Whether it is seen where the keyboard is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QModelIndex, QRect, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from graftwork.engine.events import Notice
from graftwork.engine.history import RunHistory
from graftwork.evaluation.report import Evaluation
from graftwork.gui.colors import DARK, LIGHT, Colors
from graftwork.gui.data.class_list import ClassList
from graftwork.gui.export.usage_card import UsageCard
from graftwork.gui.parts.boxes import column, holder
from graftwork.gui.pictures.grid import PictureGrid
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.pictures.model import Picture
from graftwork.gui.results.confusion import ConfusionTable
from graftwork.gui.theme import Theme
from graftwork.gui.train.notices import NoticeList

from .test_results_page import evaluation  # noqa: F401 - a fixture

W = TypeVar("W", bound=QWidget)


@pytest.fixture(params=["light", "dark"])
def colors(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Colors]:
    theme = Theme(qapp, request.param)
    yield LIGHT if request.param == "light" else DARK
    theme.deleteLater()


@pytest.fixture
def line(qtbot: QtBot, colors: Colors) -> Iterator[QLineEdit]:
    """A line of text in a window, with the focus."""
    line = QLineEdit()
    window = holder(column(line))
    qtbot.addWidget(window)
    window.resize(600, 500)
    window.show()
    line.setFocus()
    window.activateWindow()
    qtbot.waitUntil(line.hasFocus)
    yield line
    window.close()


@pytest.fixture
def loader(qtbot: QtBot) -> Iterator[PictureLoader]:
    loader = PictureLoader(32)
    yield loader
    loader.close()


@pytest.fixture
def grid(loader: PictureLoader, line: QLineEdit) -> PictureGrid:
    grid = PictureGrid("Images", loader)
    grid.show_pictures([Picture(path=Path(f"{n}.png"), caption=str(n)) for n in range(3)])
    return put_below(line, grid)


@pytest.fixture
def notices(line: QLineEdit) -> NoticeList:
    history = RunHistory()
    history.apply(Notice(level="info", text="Computes on the processor."))
    history.apply(Notice(level="info", text="Computes in single precision."))
    notices = NoticeList(lambda: history)
    notices.refresh()
    return put_below(line, notices)


@pytest.fixture
def classes(line: QLineEdit) -> ClassList:
    classes = ClassList()
    classes.show_counts({"bee": 3, "wasp": 5})
    return put_below(line, classes)


def put_below(line: QLineEdit, widget: W) -> W:
    """In the window of this line, where Tab leads next."""
    line.window().layout().addWidget(widget)
    QApplication.processEvents()
    return widget


def accents(widget: QWidget, place: QRect, colors: Colors) -> int:
    """How many pixels of its left edge are painted in the accent."""
    image = widget.grab(place).toImage()
    middle = image.height() // 2
    near = [image.pixelColor(x, middle) for x in range(12)]
    return sum(color == QColor(colors.accent) for color in near)


def ring(view: QAbstractItemView, colors: Colors) -> int:
    return accents(view.viewport(), view.visualRect(view.currentIndex()), colors)


@pytest.mark.parametrize("name", ["grid", "notices", "classes"])
def test_a_view_shows_a_ring_around_its_item_while_it_has_the_focus(
    qtbot: QtBot, request: pytest.FixtureRequest, line: QLineEdit, name: str, colors: Colors
) -> None:
    view = request.getfixturevalue(name)
    qtbot.keyClick(line, Qt.Key.Key_Tab)
    assert view.hasFocus()
    assert view.currentIndex().row() == 0
    assert view.selectedIndexes() == [view.currentIndex()]
    assert ring(view, colors) == 2
    line.setFocus()
    assert ring(view, colors) < 2


@pytest.mark.parametrize(
    ("name", "key"), [("grid", Qt.Key.Key_Right), ("notices", Qt.Key.Key_Down)]
)
def test_arrows_go_on_from_the_first(
    qtbot: QtBot, request: pytest.FixtureRequest, line: QLineEdit, name: str, key: Qt.Key
) -> None:
    view = request.getfixturevalue(name)
    qtbot.keyClick(line, Qt.Key.Key_Tab)
    assert [index.row() for index in view.selectedIndexes()] == [0]
    qtbot.keyClick(view, key)
    assert [index.row() for index in view.selectedIndexes()] == [1]


def test_a_click_on_no_picture_chooses_none(qtbot: QtBot, grid: PictureGrid) -> None:
    corner = grid.viewport().rect().bottomRight()
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=corner)
    assert grid.hasFocus()
    assert grid.selectedIndexes() == []


def test_a_cell_of_the_matrix_keeps_its_shade_within_the_ring(
    qtbot: QtBot,
    line: QLineEdit,
    evaluation: Evaluation,  # noqa: F811 - the fixture
    colors: Colors,
) -> None:
    matrix = put_below(line, ConfusionTable())
    matrix.show_evaluation(evaluation)
    wrong = matrix.model().index(1, 0)
    shade = pixels(matrix, wrong)
    matrix.setCurrentIndex(wrong)
    selected = pixels(matrix, wrong)
    qtbot.keyClick(line, Qt.Key.Key_Tab)
    focused = pixels(matrix, wrong)
    assert shade[8].red() > max(shade[8].green(), shade[8].blue())
    ring = QColor(colors.text)
    assert [cell.index(shade[8]) for cell in (shade, selected, focused)] == [0, 1, 2]
    assert selected[:1] == [ring]
    assert focused[:2] == [ring, ring]


def pixels(view: QAbstractItemView, index: QModelIndex) -> list[QColor]:
    """From the left edge of a cell inwards."""
    image = view.viewport().grab(view.visualRect(index)).toImage()
    return [image.pixelColor(x, image.height() // 2) for x in range(12)]


def test_code_shows_that_it_has_the_focus(line: QLineEdit, colors: Colors) -> None:
    card = put_below(line, UsageCard())
    for code in (card.command, card.program):
        assert accents(code, code.rect(), colors) == 0
        code.setFocus()
        assert accents(code, code.rect(), colors) == 2


@pytest.mark.usefixtures("colors")
def test_long_notices_are_wrapped_so_that_none_scrolls_sideways(notices: NoticeList) -> None:
    history = notices._history()
    for words in range(5, 90):
        history.apply(Notice(level="info", text="A choice and why. " * words))
    notices.refresh()
    QApplication.processEvents()
    assert notices.horizontalScrollBar().maximum() == 0
