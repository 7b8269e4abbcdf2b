"""Shows events to a person as bars with the time left, or to a machine as lines of JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, redirect_stdout
from typing import TypeVar

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from graftwork.engine import events
from graftwork.engine.events import TrainingEvent, event_to_json
from graftwork.engine.history import RunHistory

from .console import messages, results, shown
from .interruption import postponed_interruption
from .left_out import LeftOut

R = TypeVar("R")


def listen(stream: Generator[TrainingEvent, None, R], *, as_json: bool) -> R:
    """Pull a stream of events to its end, show them, and give what it returns.

    Whatever ends this early closes the stream, so that the best is kept, and the very step that
    was reached. Raises ``KeyboardInterrupt`` when Ctrl-C was pressed.
    """
    with closing(stream), postponed_interruption() as interrupted, _shown(as_json=as_json) as show:
        try:
            while not interrupted():
                show(_next(stream))
        except StopIteration as end:
            result: R = end.value
            return result
    raise KeyboardInterrupt


def _next(stream: Generator[TrainingEvent, None, R]) -> TrainingEvent:
    """What a plugin prints meanwhile is no part of any result."""
    with redirect_stdout(sys.stderr):
        return next(stream)


@contextmanager
def _shown(*, as_json: bool) -> Iterator[Callable[[TrainingEvent], None]]:
    if as_json:
        yield _write_line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=messages, transient=True) as bars:
        yield _Bars(bars)


def _write_line(event: TrainingEvent) -> None:
    results.file.write(event_to_json(event) + "\n")
    results.file.flush()


class _Bars:
    """One bar at a time: for the work that goes on, or for the present phase."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._history = RunHistory()
        self._left_out = LeftOut()
        self._task: TaskID | None = None
        self._title = ""

    def __call__(self, event: TrainingEvent) -> None:
        self._history.apply(event)
        for line in self._lines(event):
            self._bars.console.print(line)
        match event:
            case events.Progress() if not self._history.in_phase:
                self._move(event.what, event.done, event.total or None, "")
            case events.StepDone() | events.EpochDone():
                phase = self._history.phases[-1]
                done = self._history.epochs_in_phase
                self._move(phase.name, done, phase.epochs, self._figures())
            case events.PhaseEnded() | events.RunEnded():
                self._clear()

    def _lines(self, event: TrainingEvent) -> Iterator[str]:
        if isinstance(event, events.ProblemFound):
            yield from self._left_out.add(event.path, event.reason)
            return
        in_run = self._history.started is not None
        where = "see events.jsonl in the run's folder" if in_run else "all are listed with --json"
        yield from self._left_out.end(where)
        yield from _lines(event)

    def _move(self, title: str, done: float, total: float | None, figures: str) -> None:
        if title != self._title or self._task is None:
            self._clear()
            self._title = title
            self._task = self._bars.add_task(shown(title), total=total, figures=figures)
        self._bars.update(self._task, completed=done, total=total, figures=figures)

    def _clear(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = None

    def _figures(self) -> str:
        best = self._history.best
        reached = f"best {best.validation_accuracy:.3f}  " if best else ""
        return f"{reached}{self._history.images_per_second:,.0f} images/s"


def _lines(event: TrainingEvent) -> Iterator[str]:
    """What a person should still read when the bars are gone."""
    match event:
        case events.RunStarted():
            yield (
                f"{event.backbone}, {event.strategy}, on {event.device} "
                f"({shown(event.device_name)}, {event.threads} threads)"
            )
        case events.DataReady():
            yield (
                f"{len(event.classes)} classes; {event.train} images to train on, "
                f"{event.validation} to choose the best by, {event.test} to test"
            )
        case events.Notice():
            colour = "yellow" if event.level == "warning" else "dim"
            yield f"[{colour}]{shown(event.text)}[/{colour}]"
        case events.PhaseEnded():
            yield (
                f"Phase {event.phase}: {event.epochs_run} epochs, best in epoch "
                f"{event.best_epoch} with validation accuracy {event.best_accuracy:.3f} "
                f"({event.reason})"
            )
