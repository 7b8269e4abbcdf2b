"""Figures, the confusion matrix and the mistakes, from an evaluation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from graftwork.engine.events import Notice
from graftwork.engine.history import RunHistory
from graftwork.evaluation.report import ClassFigures, Evaluation, Figure, Prediction
from graftwork.gui.destinations import RESULTS
from graftwork.gui.library.plugins_page import PluginsPage
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.parts.banner import Banner
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.results.class_table import class_table
from graftwork.gui.results.confusion import ConfusionTable
from graftwork.gui.results.figure_cards import FigureCards
from graftwork.gui.results.mistakes import MistakesView
from graftwork.gui.results.page import ResultsPage
from graftwork.gui.results.state import ShownRun
from graftwork.gui.results.warning_list import WarningList
from graftwork.plugin_host import build_registry
from graftwork.runs.record import RunRecord


def prediction(name: str, label: str, bee: float) -> Prediction:
    predicted = "bee" if bee > 0.5 else "wasp"
    return Prediction(
        path=Path(name),
        label=label,
        predicted=predicted,
        probabilities={"bee": bee, "wasp": 1 - bee},
    )


@pytest.fixture
def evaluation() -> Evaluation:
    figure = Figure(value=0.6, low=0.4, high=0.8, method="Wilson score interval")
    return Evaluation(
        images=5,
        classes=("bee", "wasp"),
        figures={"accuracy": figure, "log_loss": figure, "brier": figure},
        per_class=(
            ClassFigures(name="bee", precision=0.5, recall=0.9, f1=0.6, images=100),
            ClassFigures(name="wasp", precision=0.7, recall=0.3, f1=0.4, images=20),
        ),
        confusion=((0, 0, 1), (0, 1, 1), (1, 0, 2), (1, 1, 1)),
        predictions=(
            prediction("a.png", "bee", 0.9),
            prediction("b.png", "bee", 0.4),
            prediction("c.png", "wasp", 0.8),
            prediction("d.png", "wasp", 0.99),
            prediction("e.png", "wasp", 0.2),
        ),
    )


@pytest.fixture
def mistakes(qtbot: QtBot, evaluation: Evaluation) -> MistakesView:
    loader = PictureLoader(64)
    view = MistakesView(loader)
    qtbot.addWidget(view, before_close_func=lambda _: loader.close())
    view.show()
    view.show_evaluation(evaluation)
    return view


def shown(view: MistakesView) -> list[str]:
    model = view.images.model()
    rows = range(model.rowCount())
    return [model.index(row, 0).data(Qt.ItemDataRole.UserRole).path.name for row in rows]


def test_the_surest_mistakes_come_first(mistakes: MistakesView) -> None:
    assert shown(mistakes) == ["d.png", "c.png", "b.png"]
    assert mistakes.what.text() == "3 of 5 test images named wrongly"


def test_a_cell_shows_its_images_and_the_way_back(qtbot: QtBot, mistakes: MistakesView) -> None:
    cell = mistakes.confusion.model().index(1, 0)
    assert cell.data() == "2"
    assert "taken for “bee”" in cell.data(Qt.ItemDataRole.AccessibleTextRole)
    mistakes.confusion.setCurrentIndex(cell)
    assert shown(mistakes) == ["d.png", "c.png"]
    mistakes._all.click()
    assert len(shown(mistakes)) == 3


def test_right_cells_show_what_was_right(mistakes: MistakesView) -> None:
    mistakes.confusion.setCurrentIndex(mistakes.confusion.model().index(0, 0))
    assert shown(mistakes) == ["a.png"]


def test_the_list_has_the_pairs_and_shows_their_images(mistakes: MistakesView) -> None:
    assert mistakes.confusion.isVisible()
    mistakes.confusion.setCurrentIndex(mistakes.confusion.model().index(0, 0))
    mistakes.ways.choose(1)
    assert mistakes.pairs.isVisible()
    lines = mistakes.pairs.as_text().splitlines()
    assert lines[1:] == ["wasp\tbee\t2\t66.7%", "bee\twasp\t1\t50.0%"]
    mistakes.pairs.selectRow(0)
    assert shown(mistakes) == ["d.png", "c.png"]
    assert not mistakes.confusion.selectedIndexes()
    mistakes._all.click()
    assert len(shown(mistakes)) == 3
    assert mistakes.pairs.chosen() == []


def test_mistakes_among_very_many_classes_begin_as_a_list(
    mistakes: MistakesView, evaluation: Evaluation
) -> None:
    names = tuple(f"kind {number}" for number in range(1_000))
    confusion = ((999, 3, 2), (4, 4, 1), (5, 7, 1))
    mistakes.show_evaluation(
        evaluation.model_copy(update={"classes": names, "confusion": confusion})
    )
    assert mistakes.pairs.isVisible()
    assert [pair.label for pair in mistakes.pairs.records] == ["kind 999", "kind 5"]
    mistakes.show_evaluation(evaluation)
    assert mistakes.confusion.isVisible()


def test_figures_have_their_interval_and_how_it_was_found(
    qtbot: QtBot, evaluation: Evaluation
) -> None:
    cards = FigureCards()
    qtbot.addWidget(cards)
    cards.show_evaluation(evaluation)
    accuracy, log_loss = cards.findChildren(QFrame, "card")
    assert accuracy.accessibleName() == "Accuracy: 60.0%, 95% interval: 40.0% to 80.0%"
    assert "Wilson" in accuracy.toolTip()
    said = [text.text() for text in accuracy.findChildren(QLabel)]
    assert "3 of 5 test images named rightly. Always naming the most frequent class: 60.0%." in said
    assert "0.600" in log_loss.accessibleName()


def test_the_brier_score_stands_in_a_line_below(qtbot: QtBot, evaluation: Evaluation) -> None:
    cards = FigureCards()
    qtbot.addWidget(cards)
    figure = Figure(value=0.125, low=0.1, high=0.2, method="bootstrap, by groups")
    figures = {**evaluation.figures, "brier": figure}
    cards.show_evaluation(evaluation.model_copy(update={"figures": figures}))
    assert cards.brier.text().startswith("Brier score: 0.125, 95% interval: 0.100 to 0.200.")
    assert "by groups" in cards.brier.toolTip()
    names = [card.accessibleName() for card in cards.findChildren(QFrame, "card")]
    assert not any(name.startswith("Brier") for name in names)


def test_an_interval_without_width_is_none(qtbot: QtBot, evaluation: Evaluation) -> None:
    cards = FigureCards()
    qtbot.addWidget(cards)
    method = "bootstrap; all came out alike, so the interval says nothing"
    figure = Figure(value=1 / 3, low=1 / 3, high=1 / 3, method=method)
    figures = {"macro_f1": figure, "brier": figure}
    cards.show_evaluation(evaluation.model_copy(update={"figures": figures}))
    (macro_f1,) = cards.findChildren(QFrame, "card")
    none = "no 95% interval: too few test images differ"
    assert macro_f1.accessibleName() == f"Macro F1: 0.333, {none}"
    assert "all came out alike" in macro_f1.toolTip()
    assert cards.brier.text().startswith(f"Brier score: 0.333, {none}.")


@pytest.mark.parametrize("style", ["", "QTableView::item { padding: 4px 14px; }"])
@pytest.mark.parametrize(("width", "height"), [(320, 260), (560, 600), (3000, 2000)])
def test_cells_of_the_matrix_show_whole_counts_and_fill_their_room(
    qtbot: QtBot, evaluation: Evaluation, width: int, height: int, style: str
) -> None:
    ten = tuple(map(str, range(10)))
    confusion = ((0, 0, 12_345), (1, 2, 1))
    table = ConfusionTable()
    qtbot.addWidget(table)
    table.setStyleSheet(style)
    table.resize(width, height)
    table.show()
    table.show_evaluation(evaluation.model_copy(update={"classes": ten, "confusion": confusion}))
    QApplication.processEvents()
    cell = (table.columnWidth(0), table.rowHeight(0))
    assert cell[0] >= table.sizeHintForColumn(0)
    assert cell[0] <= 240
    assert cell[1] == min(96, max(30, table.viewport().height() // 10))


def test_classes_are_sorted_by_number_not_by_letter(qtbot: QtBot, evaluation: Evaluation) -> None:
    table = class_table()
    qtbot.addWidget(table)
    table.show_records(evaluation.per_class)
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert [table.model().index(row, 1).data() for row in range(2)] == ["20", "100"]
    table.selectRow(0)
    assert [each.name for each in table.chosen()] == ["wasp"]
    assert table.as_text().splitlines()[1] == "wasp\t20\t30.0%\t70.0%\t0.400"


def test_of_a_class_without_test_images_nothing_is_told(
    qtbot: QtBot, evaluation: Evaluation
) -> None:
    table = class_table()
    qtbot.addWidget(table)
    unknown = ClassFigures(name="owl", precision=0, recall=0, f1=0, images=0)
    table.show_records((*evaluation.per_class, unknown))
    assert table.as_text().splitlines()[-1] == "owl\t0\t–\t–\t–"
    table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert [table.model().index(row, 0).data() for row in range(3)] == ["wasp", "bee", "owl"]


def test_a_plugin_that_failed_is_told_with_its_traceback(qtbot: QtBot) -> None:
    page = PluginsPage(build_registry([("broken", object())]))
    qtbot.addWidget(page)
    page.show()
    (banner,) = page.failures
    assert "broken" in banner.text
    buttons = {b.accessibleName(): b for b in banner.findChildren(QPushButton)}
    assert not banner._details.isVisible()
    buttons["Details"].click()
    assert banner._details.isVisible()
    buttons["Copy the details"].click()
    assert "Traceback" in QGuiApplication.clipboard().text()


def test_levels_of_class_names_have_cards_of_their_own(
    qtbot: QtBot, evaluation: Evaluation
) -> None:
    figure = evaluation.figures["accuracy"]
    names = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier", "accuracy_level_1")
    figures = dict.fromkeys((*names, "tree_distance"), figure)
    cards = FigureCards()
    qtbot.addWidget(cards)
    cards.show_evaluation(evaluation.model_copy(update={"figures": figures}))
    shown_names = [card.accessibleName() for card in cards.findChildren(QFrame, "card")]
    assert shown_names[-2].startswith("Accuracy, level 1: 60.0%")
    assert shown_names[-1].startswith("Tree distance: 0.600")


def test_in_a_small_window_no_word_of_the_cards_is_cut(
    qtbot: QtBot, window: MainWindow, pages: Pages, evaluation: Evaluation
) -> None:
    names = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier", "accuracy_level_1")
    figures = dict.fromkeys(names, evaluation.figures["accuracy"])
    measured = evaluation.model_copy(update={"figures": figures})
    run = RunRecord.model_construct(
        backbone="b", strategy="s", data="d", created=datetime.now(UTC), status="finished"
    )
    page = pages.widgets[RESULTS]
    assert isinstance(page, ResultsPage)
    window.resize(960, 640)
    window.go_to(RESULTS)
    pages.results.shown.emit(ShownRun(run=run, history=RunHistory(), evaluation=measured))
    qtbot.waitUntil(page.cards.brier.isVisible)
    qtbot.waitUntil(lambda: not _cut(page.cards))


def _cut(cards: FigureCards) -> list[str]:
    """The texts that have less room than they need."""
    labels = [each for each in cards.findChildren(QLabel) if each.isVisible()]
    assert len(labels) == 5 * 4 + 1
    return [each.text() for each in labels if not _fits(each)]


def _fits(label: QLabel) -> bool:
    if label.wordWrap():
        return label.height() >= label.heightForWidth(label.width())
    return label.width() >= label.sizeHint().width()


def test_ten_thousand_classes_are_shown_from_the_pairs_that_have_images(
    mistakes: MistakesView, evaluation: Evaluation
) -> None:
    many = tuple(f"class {number}" for number in range(10_000))
    confusion = ((7, 7, 3), (7, 9_999, 1))
    update = {"classes": many, "confusion": confusion, "predictions": ()}
    mistakes.show_evaluation(evaluation.model_copy(update=update))
    model = mistakes.confusion.model()
    assert model.rowCount() == model.columnCount() == 10_000
    assert model.index(7, 9_999).data() == "1"
    assert model.index(0, 0).data() == "·"
    wrong = model.index(7, 9_999).data(Qt.ItemDataRole.BackgroundRole)
    assert wrong.alphaF() == pytest.approx(0.12 + 0.5 / 4, abs=0.01)


def test_what_a_run_warned_of_stands_beside_its_figures(qtbot: QtBot) -> None:
    warnings = WarningList()
    qtbot.addWidget(warnings)
    copies = Notice(level="warning", text="2 images are exact copies.")
    warnings.show_notices([Notice(level="info", text="Computed once."), copies, copies])
    (banner,) = warnings.findChildren(Banner)
    assert banner.text == copies.text
    assert not warnings.isHidden()
    warnings.show_notices([])
    assert warnings.isHidden()
