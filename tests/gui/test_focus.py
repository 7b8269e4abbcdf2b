"""Where the keyboard is: what Tab stops at, and what gets the focus when views change."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QPushButton, QSpinBox, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from graftwork.engine.history import RunHistory
from graftwork.evaluation.report import Evaluation
from graftwork.gui.destinations import DESTINATIONS, RESULTS, TRAIN
from graftwork.gui.export.save_card import SaveCard
from graftwork.gui.main_window import MainWindow
from graftwork.gui.navigation import Navigation
from graftwork.gui.pages import Pages
from graftwork.gui.parts.buttons import Segments
from graftwork.gui.results.page import ResultsPage
from graftwork.gui.results.state import ShownRun
from graftwork.runs.workshop import Workshop
from support.events import epoch_done, phase_started
from support.jobs import small_job

from .conftest import LONG
from .test_main_job import OpenFolder, runs_page, train_page
from .test_results_page import evaluation  # noqa: F401 - a fixture


@pytest.fixture
def segments(qtbot: QtBot) -> Segments:
    segments = Segments("Figures", "Mistakes", "Training")
    show(qtbot, segments)
    return segments


def show(qtbot: QtBot, widget: QWidget) -> None:
    """On the screen, and with the keyboard."""
    qtbot.addWidget(widget)
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)


def tab_stops(widget: QWidget, kind: type[QAbstractButton]) -> list[QAbstractButton]:
    buttons = widget.findChildren(kind)
    return [each for each in buttons if each.focusPolicy() & Qt.FocusPolicy.TabFocus]


def test_tab_stops_at_the_view_that_the_program_chose(segments: Segments) -> None:
    for chosen in (0, 2):
        segments.choose(chosen)
        (stop,) = tab_stops(segments, QPushButton)
        assert stop.isChecked()
        assert stop.text() == ("Figures", "Mistakes", "Training")[chosen]


def test_the_focus_goes_along_with_the_choice_and_with_the_arrows(
    qtbot: QtBot, segments: Segments
) -> None:
    first, second, third = segments.findChildren(QPushButton)
    first.setFocus()
    segments.choose(2)
    assert third.hasFocus()
    qtbot.keyClick(third, Qt.Key.Key_Left)
    assert second.hasFocus()
    assert segments.current == 1
    assert tab_stops(segments, QPushButton) == [second]


def test_tab_stops_at_the_page_that_is_shown(qtbot: QtBot) -> None:
    navigation = Navigation(DESTINATIONS)
    show(qtbot, navigation)
    for number in (0, 3):
        navigation.show_place(number)
        (stop,) = tab_stops(navigation, QToolButton)
        assert stop.accessibleName() == DESTINATIONS[number].name


def focused_and_usable(window: QWidget) -> bool:
    """Whether keys reach something that is seen."""
    focused = window.focusWidget()
    return (
        focused is not None
        and focused.isVisible()
        and focused.isEnabled()
        and bool(focused.focusPolicy() & Qt.FocusPolicy.TabFocus)
    )


def test_the_focus_is_not_lost_when_training_starts_and_ends(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    window.go_to(TRAIN)
    page = train_page(pages)
    page.setup.numbers.findChild(QSpinBox).setFocus()
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        page.start.click()
        assert focused_and_usable(window)
        assert page.isAncestorOf(window.focusWidget())
    assert focused_and_usable(window)


def test_a_run_that_is_opened_from_the_list_leaves_the_focus_on_nothing_hidden(
    qtbot: QtBot,
    window: MainWindow,
    pages: Pages,
    workshop: Workshop,
    evaluation: Evaluation,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    run = workshop.store.finish(workshop.store.create(small_job(tmp_path)), "stopped")
    history = RunHistory()
    for event in (phase_started(), epoch_done()):
        history.apply(event)
    results = pages.widgets[RESULTS]
    assert isinstance(results, ResultsPage)
    window.go_to(RESULTS)
    pages.results.shown.emit(ShownRun(run=run, history=history, evaluation=evaluation))
    results.views.choose(1)
    results.mistakes.confusion.setFocus()
    page = runs_page(window, pages)
    page.table.selectRow(0)
    page.table.setFocus()
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        page.open.click()
        assert results.isVisible()
        assert focused_and_usable(window)
    assert focused_and_usable(window)


@pytest.mark.parametrize("strategy", ["top-stages", "full-fine-tuning"])
def test_tab_leads_through_the_strategys_settings_before_what_stands_below_them(
    window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder, strategy: str
) -> None:
    open_folder(digits)
    window.go_to(TRAIN)
    setup = train_page(pages).setup
    for each in ("full-fine-tuning", "progressive-unfreezing", strategy):
        setup.strategies.choose(each)
    fields = list(setup.form.values())
    chain = tab_chain(setup.strategies)
    names = [each.objectName() for each in chain if each.objectName() in fields]
    assert names[: len(fields)] == fields
    rate, first = (
        chain.index(setup.find_rate),
        chain.index(setup.form.findChild(QWidget, fields[0])),
    )
    last = chain.index(setup.form.findChild(QWidget, fields[-1]))
    number = next(w for w in setup.numbers.findChildren(QSpinBox) if w.isVisible())
    assert 0 < first < last < rate < chain.index(number)


def tab_chain(first: QWidget) -> list[QWidget]:
    """What Tab leads along, from here on."""
    chain, each = [first], first.nextInFocusChain()
    while each != first:
        chain.append(each)
        each = each.nextInFocusChain()
    return [w for w in chain if w.isVisible() and w.focusPolicy() & Qt.FocusPolicy.TabFocus]


@pytest.fixture
def card(qtbot: QtBot) -> SaveCard:
    card = SaveCard(lambda: None)
    show(qtbot, card)
    card.file.setText("bees")
    card.button.setFocus()
    card.show_busy()
    assert not card.button.hasFocus()
    return card


def test_the_export_gives_the_focus_back(card: SaveCard) -> None:
    card.show_end()
    assert card.button.hasFocus()


def test_the_export_leaves_the_focus_where_the_user_put_it(card: SaveCard) -> None:
    card.plain.setFocus()
    card.show_end()
    assert card.plain.hasFocus()
