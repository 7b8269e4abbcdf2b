"""The window goes at once, whatever still has to end behind it."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

from pytestqt.qtbot import QtBot

from graftwork.gui.main_window import MainWindow


def test_the_window_is_gone_before_it_waits_for_what_is_at_work(
    qtbot: QtBot, window: MainWindow
) -> None:
    began, seen = Event(), []

    def work() -> Iterator[str]:
        try:
            began.set()
            while True:
                yield "something"
        finally:
            seen.append(window.isVisible())

    window.tasks.start(work)
    qtbot.waitUntil(began.is_set)
    assert window.close()
    assert seen == [False]
    assert window.tasks.running == 0


def test_nothing_is_started_any_more_once_the_window_is_closed(window: MainWindow) -> None:
    window.close()
    thread = window.tasks.start(lambda: iter(()))
    assert not thread.isRunning()
    assert window.tasks.running == 0
