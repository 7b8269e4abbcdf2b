"""A thread that pulls a generator and tells the window what it yields."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What went wrong: a message for a person, and the traceback for whoever helps them."""

    message: str
    details: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """The failure that this exception means; our own exceptions speak to people already."""
        return cls(message=_message(error), details="".join(traceback.format_exception(error)))


def _message(error: BaseException) -> str:
    from graftwork.plugin_api import GraftworkError

    if isinstance(error, GraftworkError | OSError) and str(error):
        return str(error)
    return f"Something unexpected went wrong ({type(error).__name__}: {error})."


def once(work: Callable[[], Any]) -> Generator[object, None, Any]:
    """A generator that yields nothing and returns what ``work`` gives."""
    yield from ()
    return work()


class GeneratorThread(QThread):
    """Pulls a generator in a thread of its own; each signal arrives in the receiver's thread.

    ``produced`` carries each item; then comes exactly one of ``returned`` (the generator's return
    value), ``stopped`` and ``failed`` (a ``Failure``). Pausing and stopping take hold between two
    items; the generator is made, pulled and closed in the thread.
    """

    produced = Signal(object)
    returned = Signal(object)
    failed = Signal(object)
    stopped = Signal()

    def __init__(self, make: Callable[[], Iterator[Any]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self._going = threading.Event()
        self._going.set()
        self._stopping = threading.Event()

    @property
    def paused(self) -> bool:
        """Whether the next item waits for ``resume``."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Ask for no further item until ``resume``."""
        self._going.clear()

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._going.set()

    def stop(self) -> None:
        """Close the generator as soon as the present item is there, paused or not."""
        self._stopping.set()
        self._going.set()

    def run(self) -> None:
        """What the thread does; not to be called."""
        try:
            self._pull(self._make())
        except (Exception, SystemExit) as error:  # a plugin must not end the thread unheard
            self.failed.emit(Failure.of(error))

    def _pull(self, items: Iterator[Any]) -> None:
        while self._may_go_on():
            try:
                item = next(items)
            except StopIteration as end:
                self.returned.emit(end.value)
                return
            self.produced.emit(item)
        _close(items)
        self.stopped.emit()

    def _may_go_on(self) -> bool:
        self._going.wait()
        return not self._stopping.is_set()


def _close(items: Iterator[Any]) -> None:
    if isinstance(items, Generator):
        items.close()
