"""Which data set is open; opens another one in the background."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from graftwork.gui.tasks import Tasks
from graftwork.gui.worker import Failure, GeneratorThread
from graftwork.plugin_host import Registry

from .opening import Opened, Wish, check_data, open_data


class DataState(QObject):
    """The data set that all pages work on.

    ``reading`` tells what is being opened, ``progressed`` how far it is, and then one of
    ``opened``, ``failed`` and ``cancelled`` how it ended. Once it is open, every image is tried:
    ``checking`` tells how far that is, ``checked`` that it is done, with what was found.
    """

    reading = Signal(object)
    progressed = Signal(object)
    opened = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    checking = Signal(object)
    checked = Signal(object)
    check_ended = Signal()

    def __init__(self, registry: Registry, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.registry = registry
        self.current: Opened | None = None
        self._tasks = tasks
        self._thread: GeneratorThread | None = None
        self._wish: Wish | None = None

    def open(self, wish: Wish) -> None:
        """Read this data set in the background, instead of what is being read."""
        self._stop()
        self._wish = wish
        self.reading.emit(wish)
        self._thread = self._tasks.start(
            lambda: open_data(wish, self.registry.readers),
            produced=lambda progress: self._if_wanted(wish, self.progressed.emit, progress),
            returned=lambda opened: self._if_wanted(wish, self._take, opened),
            failed=lambda failure: self._if_wanted(wish, self._give_up, failure),
        )

    @Slot()
    def cancel(self) -> None:
        """Stop reading and checking, if either is at work.

        A reader may take its time to look through a folder: it goes on unheard.
        """
        was_reading = self._wish is not None
        self._stop()
        if was_reading:
            self.cancelled.emit()

    def _stop(self) -> None:
        self._wish = None
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _if_wanted(self, wish: Wish, hear: Callable[[Any], object], told: object) -> None:
        """What is told may have been on its way when the person cancelled or opened another."""
        if wish is self._wish:
            hear(told)

    def _give_up(self, failure: Failure) -> None:
        self._wish = None
        self.failed.emit(failure)

    def _take(self, opened: Opened) -> None:
        self._wish = None
        self.current = opened
        self.opened.emit(opened)
        self._thread = self._tasks.start(
            lambda: check_data(opened),
            produced=self.checking.emit,
            returned=self._take_checked,
            failed=self._take_check_failure,
            stopped=self.check_ended.emit,
        )

    def _take_checked(self, opened: Opened) -> None:
        self.current = opened
        self.checked.emit(opened)
        self.check_ended.emit()

    def _take_check_failure(self, failure: Failure) -> None:
        self.failed.emit(failure)
        self.check_ended.emit()
