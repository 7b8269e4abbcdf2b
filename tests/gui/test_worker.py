"""The thread that pulls a generator: items, result, error, pause, stop, and no thread left."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from graftwork.gui.tasks import Tasks
from graftwork.gui.worker import Failure, GeneratorThread, once
from graftwork.plugin_api import DatasetError


class Heard:
    """What a thread told, in order, and in which thread it was heard."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.result: Any = None
        self.failure: Failure | None = None
        self.stopped = False
        self.threads: set[threading.Thread] = set()

    def take(self, item: Any) -> None:
        self.threads.add(threading.current_thread())
        self.items.append(item)

    def take_result(self, result: Any) -> None:
        self.result = result

    def take_failure(self, failure: Failure) -> None:
        self.failure = failure

    def take_stop(self) -> None:
        self.stopped = True


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def tasks(qtbot: QtBot) -> Iterator[Tasks]:
    tasks = Tasks()
    yield tasks
    tasks.close()


def start(tasks: Tasks, heard: Heard, make: Any) -> GeneratorThread:
    return tasks.start(
        make,
        produced=heard.take,
        returned=heard.take_result,
        failed=heard.take_failure,
        stopped=heard.take_stop,
    )


def count(until: int) -> Generator[int, None, str]:
    yield from range(until)
    return "counted"


class Endless:
    """A generator that notes where it was closed."""

    def __init__(self) -> None:
        self.given = 0
        self.closed_in: threading.Thread | None = None

    def __call__(self) -> Iterator[int]:
        try:
            while True:
                self.given += 1
                yield self.given
        finally:
            self.closed_in = threading.current_thread()


def test_items_come_in_order_and_then_the_result(qtbot: QtBot, tasks: Tasks, heard: Heard) -> None:
    with qtbot.waitSignal(tasks.all_done):
        start(tasks, heard, lambda: count(500))
    assert heard.items == list(range(500))
    assert heard.result == "counted"
    assert heard.threads == {threading.main_thread()}
    assert not heard.stopped
    assert heard.failure is None


def test_a_plain_function_gives_its_result(qtbot: QtBot, tasks: Tasks, heard: Heard) -> None:
    with qtbot.waitSignal(tasks.all_done):
        start(tasks, heard, lambda: once(lambda: threading.current_thread().name))
    assert heard.items == []
    assert heard.result != threading.main_thread().name


def test_an_error_of_ours_is_told_in_its_own_words(
    qtbot: QtBot, tasks: Tasks, heard: Heard
) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise DatasetError("No images in /data.")

    with qtbot.waitSignal(tasks.all_done):
        start(tasks, heard, failing)
    assert heard.items == [1]
    assert heard.failure is not None
    assert heard.failure.message == "No images in /data."
    assert "Traceback" in heard.failure.details
    assert heard.result is None


def test_an_unexpected_error_names_its_kind(qtbot: QtBot, tasks: Tasks, heard: Heard) -> None:
    def make() -> Iterator[int]:
        raise KeyError("weights")

    with qtbot.waitSignal(tasks.all_done):
        start(tasks, heard, make)
    assert heard.failure is not None
    assert "unexpected" in heard.failure.message
    assert "KeyError" in heard.failure.message


def test_work_that_would_leave_the_program_is_a_failure(
    qtbot: QtBot, tasks: Tasks, heard: Heard
) -> None:
    with qtbot.waitSignal(tasks.all_done):
        start(tasks, heard, lambda: once(lambda: sys.exit(3)))
    assert heard.failure is not None
    assert "SystemExit: 3" in heard.failure.message


def test_stop_closes_the_generator_in_its_thread(qtbot: QtBot, tasks: Tasks, heard: Heard) -> None:
    endless = Endless()
    thread = start(tasks, heard, endless)
    qtbot.waitUntil(lambda: len(heard.items) > 3)
    with qtbot.waitSignal(tasks.all_done):
        thread.stop()
    assert heard.stopped
    assert endless.closed_in is not None
    assert endless.closed_in is not threading.main_thread()
    assert heard.items == list(range(1, endless.given + 1))


def test_pause_holds_the_next_item_until_resume(qtbot: QtBot, tasks: Tasks, heard: Heard) -> None:
    started = threading.Event()

    def pausing_itself() -> Generator[int, None, None]:
        started.wait()
        yield 0
        thread.pause()
        yield from (1, 2, 3)

    thread = start(tasks, heard, pausing_itself)
    started.set()
    qtbot.waitUntil(lambda: heard.items == [0, 1])
    other = Heard()
    start(tasks, other, lambda: count(50))
    qtbot.waitUntil(lambda: other.result == "counted")
    assert thread.paused
    assert heard.items == [0, 1]
    with qtbot.waitSignal(tasks.all_done):
        thread.resume()
    assert not thread.paused
    assert heard.items == [0, 1, 2, 3]


def test_a_paused_thread_can_be_stopped(qtbot: QtBot, tasks: Tasks, heard: Heard) -> None:
    endless = Endless()
    thread = start(tasks, heard, endless)
    qtbot.waitUntil(lambda: bool(heard.items))
    thread.pause()
    with qtbot.waitSignal(tasks.all_done):
        thread.stop()
    assert heard.stopped
    assert endless.closed_in is not None


def test_an_error_while_closing_is_a_failure(qtbot: QtBot, tasks: Tasks, heard: Heard) -> None:
    def stubborn() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            raise OSError("The disk is full.")

    thread = start(tasks, heard, stubborn)
    qtbot.waitUntil(lambda: bool(heard.items))
    with qtbot.waitSignal(tasks.all_done):
        thread.stop()
    assert heard.failure is not None
    assert heard.failure.message == "The disk is full."
    assert not heard.stopped


def test_a_list_iterator_needs_no_close(qtbot: QtBot, tasks: Tasks, heard: Heard) -> None:
    with qtbot.waitSignal(tasks.all_done):
        start(tasks, heard, lambda: iter([1, 2]))
    assert heard.items == [1, 2]


def test_closing_ends_all_and_lets_none_begin(tasks: Tasks, heard: Heard) -> None:
    endless = [Endless(), Endless()]
    for each in endless:
        start(tasks, heard, each)
    assert tasks.running == 2
    tasks.close()
    assert tasks.running == 0
    assert all(each.closed_in or not each.given for each in endless)
    assert not start(tasks, heard, Endless()).isRunning()
    assert tasks.running == 0


def test_tasks_forget_what_has_ended(qtbot: QtBot, tasks: Tasks, heard: Heard) -> None:
    endless = Endless()
    thread = start(tasks, heard, endless)
    start(tasks, heard, lambda: count(3))
    qtbot.waitUntil(lambda: tasks.running == 1)
    with qtbot.waitSignal(tasks.all_done):
        thread.stop()
    assert tasks.running == 0
