"""What the Results page says of a run that failed: why, and what it did until then."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from graftwork.engine.history import RunHistory
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.results.page import ResultsPage
from graftwork.gui.results.state import ResultState, ShownRun
from graftwork.gui.tasks import Tasks
from graftwork.runs.record import RunRecord
from graftwork.runs.workshop import Workshop
from support.events import epoch_done, phase_started
from support.jobs import small_job

FULL = "The disk is full."


@pytest.fixture
def page(qtbot: QtBot, workshop: Workshop) -> ResultsPage:
    tasks, loader = Tasks(), PictureLoader(64)
    page = ResultsPage(ResultState(workshop, tasks), loader, print)

    def end(_page: object) -> None:
        tasks.close()
        loader.close()

    qtbot.addWidget(page, before_close_func=end)
    page.show()
    return page


@pytest.fixture
def failed(workshop: Workshop, tmp_path: Path) -> RunRecord:
    return workshop.store.finish(workshop.store.create(small_job(tmp_path)), "failed", FULL)


def headings(page: ResultsPage) -> list[str]:
    found = [each for each in page.findChildren(QLabel) if each.isVisible()]
    return [each.text() for each in found if each.property("role") == "heading"]


def test_a_run_that_failed_at_once_says_why_instead_of_empty_charts(
    qtbot: QtBot, page: ResultsPage, failed: RunRecord
) -> None:
    with qtbot.waitSignal(page._state.shown):
        page._state.open(failed)
        assert headings(page) == ["Reading the run"]
    assert headings(page) == ["Nothing was learned"]
    assert page.failure.isVisible()
    assert page.failure.text == FULL
    assert not page.failure._more.isVisible(), "there are no details"
    assert not page.board.isVisible()


def test_a_run_that_failed_later_shows_its_charts_below_the_reason(
    page: ResultsPage, failed: RunRecord
) -> None:
    history = RunHistory()
    history.apply(phase_started())
    history.apply(epoch_done())
    page._state.shown.emit(ShownRun(run=failed, history=history, evaluation=None))
    assert page.failure.text == FULL
    assert page.failure.isVisible()
    assert page.board.isVisible()


def test_the_reason_goes_with_the_run(page: ResultsPage, failed: RunRecord) -> None:
    page._state.shown.emit(ShownRun(run=failed, history=RunHistory(), evaluation=None))
    page._state.opening.emit(failed)
    assert not page.failure.isVisible()


def test_another_run_is_waited_for_whatever_is_heard_of_the_one_before(
    qtbot: QtBot, page: ResultsPage, failed: RunRecord, workshop: Workshop, tmp_path: Path
) -> None:
    other = workshop.store.finish(workshop.store.create(small_job(tmp_path)), "failed", "Another")
    shown: list[ShownRun] = []
    page._state.shown.connect(shown.append)
    with qtbot.waitSignal(page._state.shown):
        page._state.open(failed)
        page._state.open(other)
    qtbot.waitUntil(lambda: page._state._tasks.running == 0)
    assert [each.run.id for each in shown] == [other.id]
    assert headings(page) == ["Nothing was learned"]
    assert page.failure.text == "Another"
