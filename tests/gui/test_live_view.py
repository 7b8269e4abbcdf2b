"""What is said of a run while it runs: its progress and its notices."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QProgressBar
from pytestqt.qtbot import QtBot

from graftwork.engine.events import Notice, Progress, RunEnded
from graftwork.engine.history import RunHistory
from graftwork.gui.train.notices import NoticeList
from graftwork.gui.train.progress_card import ProgressCard
from graftwork.gui.train.summary import Standing
from support.events import epoch_done, phase_started, step_done


class Live:
    """The history of now, which a new run replaces, and how it stands with the run."""

    def __init__(self) -> None:
        self.history = RunHistory()
        self.standing: Standing = "working"


@pytest.fixture
def live() -> Live:
    return Live()


@pytest.fixture
def card(qtbot: QtBot, live: Live) -> ProgressCard:
    card = ProgressCard(lambda: live.history, lambda: live.standing)
    qtbot.addWidget(card)
    card.show()
    return card


@pytest.fixture
def notices(qtbot: QtBot, live: Live) -> NoticeList:
    notices = NoticeList(lambda: live.history)
    qtbot.addWidget(notices)
    notices.show()
    return notices


def bar(card: ProgressCard) -> tuple[int, int]:
    found = card.findChild(QProgressBar)
    return found.value(), found.maximum()


def test_before_anything_is_known_the_bar_only_moves(card: ProgressCard) -> None:
    card.refresh()
    assert card.what.text() == "Getting ready"
    assert bar(card)[1] == 0
    assert card.best.text() == "–"


def test_preparation_is_counted_until_the_first_step(card: ProgressCard, live: Live) -> None:
    live.history.apply(Progress(what="Decoding images", done=250, total=1000))
    card.refresh()
    assert (card.what.text(), card.where.text()) == ("Decoding images", "250 of 1,000")
    assert bar(card) == (250, 1000)
    live.history.apply(phase_started(epochs=4))
    live.history.apply(step_done())
    card.refresh()
    assert card.what.text() == "Phase 1: Head"
    assert card.where.text() == "epoch 1 of at most 4"
    assert bar(card) == (125, 1000)


def test_the_time_left_and_the_best_are_told_after_an_epoch(card: ProgressCard, live: Live) -> None:
    steps = (step_done(), step_done(step=2))
    for event in (phase_started(), *steps, epoch_done(validation_accuracy=0.875)):
        live.history.apply(event)
    card.refresh()
    assert card.where.text() == "epoch 2 of at most 4, at most 1 min 30 s left in this phase"
    assert card.best.text() == "87.5%"


def test_a_pause_is_told_in_the_headline(card: ProgressCard, live: Live) -> None:
    live.history.apply(phase_started())
    live.standing = "paused"
    card.refresh()
    assert card.what.text() == "Paused  ·  Phase 1: Head"
    live.standing = "working"
    card.refresh()
    assert card.what.text() == "Phase 1: Head"


def test_no_time_left_is_not_told_as_0_s(card: ProgressCard, live: Live) -> None:
    live.history.apply(phase_started(epochs=1))
    live.history.apply(epoch_done())
    card.refresh()
    assert card.where.text() == "epoch 1 of at most 1"


def test_the_end_is_told_with_the_time_it_took(card: ProgressCard, live: Live) -> None:
    for event in (phase_started(), epoch_done(), RunEnded(phase=1, epoch=1, score=0.5, seconds=75)):
        live.history.apply(event)
    card.refresh()
    assert (card.what.text(), card.where.text()) == ("Training is done", "in 1 min 15 s")
    assert bar(card) == (1000, 1000)


def test_the_card_follows_by_itself_until_it_is_told_not_to(
    qtbot: QtBot, card: ProgressCard, live: Live
) -> None:
    live.history.apply(Progress(what="Decoding images", done=1, total=2))
    qtbot.waitUntil(lambda: card.what.text() == "Decoding images")
    card.follow(following=False)
    assert not card._timer.isActive()
    card.follow(following=True)
    assert card._timer.isActive()


def test_notices_are_added_and_those_of_another_run_go(notices: NoticeList, live: Live) -> None:
    live.history.apply(Notice(level="info", text="Computes on the processor."))
    notices.refresh()
    live.history.apply(Notice(level="warning", text="Class “owl” has 3 images only."))
    notices.refresh()
    notices.refresh()
    assert [notices.item(n).text() for n in range(notices.count())] == [
        "Class “owl” has 3 images only.",
        "Computes on the processor.",
    ]
    assert notices.item(0).toolTip() == "Class “owl” has 3 images only."
    live.history = RunHistory()
    notices.refresh()
    assert notices.count() == 0


@pytest.mark.parametrize("standing", ["stopped", "failed"])
def test_a_run_that_ended_before_its_end_does_not_look_at_work(
    card: ProgressCard, live: Live, standing: Standing
) -> None:
    live.standing = standing
    card.refresh()
    said = (standing.capitalize(), "before an epoch was over")
    assert (card.what.text(), card.where.text()) == said
    assert bar(card)[1] > 0
    live.history.apply(Progress(what="Decoding images", done=25, total=345))
    live.history.apply(phase_started())
    live.history.apply(epoch_done())
    card.refresh()
    assert (card.what.text(), card.where.text()) == (standing.capitalize(), "after 1 epoch")


def test_that_a_run_will_stop_is_said(card: ProgressCard, live: Live) -> None:
    live.standing = "stopping"
    card.refresh()
    assert card.what.text() == "Stopping  ·  Getting ready"


def test_warnings_stand_above_what_follows_them(
    qtbot: QtBot, notices: NoticeList, live: Live
) -> None:
    for level, text in (("info", "a"), ("warning", "b"), ("info", "c"), ("warning", "d")):
        live.history.apply(Notice(level=level, text=text))
        notices.refresh()
    assert [notices.item(row).text() for row in range(4)] == ["b", "d", "a", "c"]
    live.history = RunHistory()
    live.history.apply(Notice(level="warning", text="e"))
    notices.refresh()
    assert [notices.item(row).text() for row in range(notices.count())] == ["e"]
