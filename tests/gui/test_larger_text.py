"""Whether nothing is cut where the system's text is twice as large."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from graftwork.evaluation.report import Evaluation, Figure
from graftwork.gui.colors import LIGHT
from graftwork.gui.data.class_list import ClassList
from graftwork.gui.destinations import DESTINATIONS
from graftwork.gui.navigation import Navigation
from graftwork.gui.parts.boxes import holder, row
from graftwork.gui.parts.choice_list import Choice, ChoiceList
from graftwork.gui.parts.drop_area import EmptyState
from graftwork.gui.parts.page import Page
from graftwork.gui.parts.table import Column, RecordTable
from graftwork.gui.pictures.delegate import TILE
from graftwork.gui.pictures.grid import PictureGrid
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.results.figure_cards import FigureCards
from graftwork.gui.theme import Theme

SIZES = [10.0, 20.0]


@pytest.fixture(autouse=True, params=SIZES)
def points(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[float]:
    """The size of the text; the window's look is made for it."""
    before = qapp.font()
    font = QFont(before)
    font.setPointSizeF(request.param)
    qapp.setFont(font)
    theme = Theme(qapp, "light")
    yield request.param
    qapp.setFont(before)
    Theme(qapp, "light").deleteLater()
    theme.deleteLater()


def test_the_navigation_has_room_for_every_name(qtbot: QtBot) -> None:
    navigation = Navigation(DESTINATIONS)
    qtbot.addWidget(navigation)
    widths = set()
    for number, place in enumerate(DESTINATIONS):
        navigation.show_place(number)
        navigation.show()
        QApplication.processEvents()
        button = next(b for b in buttons(navigation) if b.accessibleName() == place.name)
        assert words(button) + 20 + 2 * 12 <= button.width()
        widths.add(navigation.width())
    brand = next(text for text in navigation.findChildren(QLabel) if text.text() == "Graftwork")
    assert brand.width() >= brand.sizeHint().width()
    assert len(widths) == 1, "pages must not move when another one is chosen"


def test_no_page_takes_room_from_the_navigation(qtbot: QtBot) -> None:
    navigation, wide = Navigation(DESTINATIONS), QLabel("A page that is far too wide. " * 9)
    window = holder(row(navigation, wide))
    qtbot.addWidget(window)
    window.setMinimumSize(400, 300)
    window.resize(400, 300)
    window.show()
    QApplication.processEvents()
    assert navigation.width() == navigation.sizeHint().width() >= 168


def buttons(navigation: Navigation) -> list[QToolButton]:
    return navigation.findChildren(QToolButton)


def words(button: QToolButton) -> int:
    """The width of its text as that of the page that is shown."""
    probe = QLabel(button.text())
    probe.setStyleSheet("font-weight: 600")
    probe.ensurePolished()
    return probe.fontMetrics().horizontalAdvance(button.text())


def test_the_bar_of_a_class_is_below_its_name(qtbot: QtBot) -> None:
    classes = ClassList()
    qtbot.addWidget(classes)
    classes.show_counts({"gypsy": 3, "moth": 6})
    classes.resize(200, 400)
    classes.show()
    row = classes.visualRect(classes.model().index(1, 0))
    image = classes.viewport().grab(row).toImage()
    name, bar = heights(image, LIGHT.text), heights(image, LIGHT.accent)
    assert max(name) < min(bar)


def heights(image: QImage, color: str) -> list[int]:
    """The rows of pixels that hold this colour."""
    places = range(image.height())
    across = range(image.width())
    return [y for y in places if any(image.pixelColor(x, y) == QColor(color) for x in across)]


@pytest.fixture
def loader(qtbot: QtBot) -> Iterator[PictureLoader]:
    loader = PictureLoader(32)
    yield loader
    loader.close()


def test_lines_below_a_picture_are_as_high_as_their_text(
    qtbot: QtBot, loader: PictureLoader
) -> None:
    grid = PictureGrid("Images", loader, lines=2)
    qtbot.addWidget(grid)
    small = QFont(grid.font())
    small.setPointSizeF(0.9 * small.pointSizeF())
    assert grid.gridSize().height() >= TILE + 2 * QFontMetrics(small).height()


def test_rows_of_a_table_are_as_high_as_their_text(qtbot: QtBot) -> None:
    table = RecordTable("Records", [Column(heading="Name", text=str)])
    qtbot.addWidget(table)
    table.show_records(["Äg"])
    table.show()
    assert table.rowHeight(0) >= table.sizeHintForRow(0)


def test_the_buttons_of_a_page_show_their_words_whole(qtbot: QtBot, points: float) -> None:
    made = [QPushButton(text) for text in ("Options…", "Other folder…", "Train a network")]
    page = Page("Data", "160 images", *made)
    qtbot.addWidget(page)
    page.setMinimumSize(100, 100)
    page.resize(760, 400)
    page.show()
    QApplication.processEvents()
    for each in made:
        assert each.width() >= each.sizeHint().width()
    beside = made[0].y() < page.subtitle.geometry().bottom()
    assert beside is (points == SIZES[0])


def test_a_note_cuts_no_word_of_a_title(qtbot: QtBot) -> None:
    pictures = [picture_of_choice(qtbot, note) for note in ("", "downloaded")]
    assert strokes(pictures[0]) == strokes(pictures[1]) > 0


def picture_of_choice(qtbot: QtBot, note: str) -> QImage:
    choice = Choice(key="a", title="Uninterrupted title", detail="What it is.", note=note)
    choices = ChoiceList("Choices", [choice, choice])
    qtbot.addWidget(choices)
    wide = QFontMetrics(
        QFont(choices.font().family(), choices.font().pointSize(), QFont.Weight.Bold)
    )
    choices.resize(wide.horizontalAdvance("Uninterrupted") + 60, 600)
    choices.show()
    QApplication.processEvents()
    row = choices.visualRect(choices.model().index(1, 0))
    return choices.viewport().grab(row).toImage()


def strokes(image: QImage) -> int:
    """How many pixels have the colour of titles."""
    size = range(image.width()), range(image.height())
    return sum(image.pixelColor(x, y) == QColor(LIGHT.text) for x in size[0] for y in size[1])


def test_a_heading_without_room_keeps_its_beginning(qtbot: QtBot) -> None:
    first, second = (picture_of_heading(qtbot, name) for name in ("Validation", "Halidation"))
    assert first != second


def picture_of_heading(qtbot: QtBot, name: str) -> QImage:
    table = RecordTable("Records", [Column(heading=name, text=str, right=True)])
    qtbot.addWidget(table)
    table.show()
    table.setColumnWidth(0, table.fontMetrics().horizontalAdvance("Validat"))
    return table.horizontalHeader().viewport().grab().toImage()


def test_four_figures_side_by_side_break_their_names(qtbot: QtBot) -> None:
    cards = FigureCards()
    qtbot.addWidget(cards)
    figure = Figure(value=0.934, low=0.887, high=0.981, method="bootstrap")
    names = "accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier"
    evaluation = Evaluation(
        images=107,
        classes=("pollen", "none"),
        figures=dict.fromkeys(names, figure),
        per_class=(),
        confusion=(),
        predictions=(),
    )
    cards.show_evaluation(evaluation)
    room = 4 * (cards.fontMetrics().horizontalAdvance("95% interval:") + 2 * 22) + 3 * 12
    assert cards.minimumSizeHint().width() <= room


@pytest.mark.parametrize("narrow", [True, False])
def test_what_an_empty_page_says_is_whole(qtbot: QtBot, narrow: bool) -> None:
    words = "Some words that say what this is for. " * 3
    state = EmptyState("image", "Drop it", words, narrow=narrow)
    qtbot.addWidget(state)
    state.resize(700, 330)
    state.show()
    QApplication.processEvents()
    (sentence,) = [text for text in state.findChildren(QLabel) if "Some words" in text.text()]
    assert sentence.height() >= sentence.heightForWidth(sentence.width())
