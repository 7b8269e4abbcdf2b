"""Names of classes around the confusion matrix, which may be many and long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from graftwork.evaluation.report import Evaluation
from graftwork.gui.results.confusion import ConfusionTable
from graftwork.gui.theme import Theme

from .test_results_page import evaluation  # noqa: F401 - a fixture

SPECIES = [f"Genus species {number:04}" for number in range(1_000)]


@pytest.fixture(autouse=True)
def styled(qapp: QApplication) -> Iterator[None]:
    theme = Theme(qapp, "light")
    yield
    theme.deleteLater()


@pytest.fixture
def table(qtbot: QtBot, evaluation: Evaluation) -> ConfusionTable:  # noqa: F811 - the fixture
    table = ConfusionTable()
    qtbot.addWidget(table)
    table.resize(560, 560)
    table.show()
    table.show_evaluation(evaluation)
    return table


def show(table: ConfusionTable, evaluation: Evaluation, names: Sequence[str]) -> None:  # noqa: F811
    table.show_evaluation(evaluation.model_copy(update={"classes": tuple(names)}))
    QApplication.processEvents()


def heading(table: ConfusionTable, number: int) -> QImage:
    """What is painted of this column's name."""
    header = table.horizontalHeader()
    place = QRect(header.sectionViewportPosition(number), 0, table.columnWidth(number), 999)
    return header.viewport().grab(place.intersected(header.viewport().rect())).toImage()


@pytest.mark.parametrize(
    "names", [SPECIES, SPECIES[:10], [f"{'very ' * 20}long {number}" for number in range(30)]]
)
def test_names_that_have_no_room_stand_upright_and_differ(
    table: ConfusionTable,
    evaluation: Evaluation,  # noqa: F811 - the fixture
    names: list[str],
) -> None:
    show(table, evaluation, names)
    assert heading(table, 1) != heading(table, 2)
    assert 60 < table.horizontalHeader().height() < 200
    assert table.verticalHeader().width() < 200


def test_upright_names_leave_ten_classes_in_sight(
    table: ConfusionTable,
    evaluation: Evaluation,  # noqa: F811 - the fixture
) -> None:
    show(table, evaluation, SPECIES[:10])
    assert table.verticalHeader().length() <= table.viewport().height()
    assert not table.verticalScrollBar().isVisible()


def test_names_that_have_room_stay_level(
    table: ConfusionTable,
    evaluation: Evaluation,  # noqa: F811 - the fixture
) -> None:
    for names in (SPECIES, ["ant", "bee", "wasp"], SPECIES, "0123456789"):
        show(table, evaluation, names)
        low = table.horizontalHeader().height() < 40
        assert low is (names is not SPECIES)


def test_the_names_of_rows_keep_what_tells_them_apart(
    table: ConfusionTable,
    evaluation: Evaluation,  # noqa: F811 - the fixture
) -> None:
    show(table, evaluation, [f"{'very ' * 20}long {number}" for number in range(10)])
    header = table.verticalHeader()
    rows = [QRect(0, header.sectionViewportPosition(n), header.width(), 30) for n in (1, 2)]
    images = [header.viewport().grab(place).toImage() for place in rows]
    assert images[0] != images[1]
