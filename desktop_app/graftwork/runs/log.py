"""What a run's folder keeps of its events: all of them, and a table with a row an epoch."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from graftwork.data.throttle import Throttle
from graftwork.engine.events import (
    CheckpointWritten,
    EpochDone,
    LoadSampled,
    Progress,
    Resumed,
    StepDone,
    TrainingEvent,
    event_from_json,
    event_to_json,
)
from graftwork.engine.history import RunHistory
from graftwork.files import write_text

from .record import RunRecord

EVENTS_FILE = "events.jsonl"
METRICS_FILE = "metrics.csv"
_OFTEN = StepDone, Progress, LoadSampled
METRICS = tuple(name for name in EpochDone.model_fields if name != "kind")

_logger = logging.getLogger(__name__)


@contextmanager
def run_log(
    folder: Path, earlier: Sequence[TrainingEvent] = ()
) -> Iterator[Callable[[TrainingEvent], None]]:
    """Gives a function that writes one event; each line is on its way to the disk at once.

    Of steps, progress and load fewer are written the longer it takes: a log of days would have
    millions.
    ``earlier`` are the events that a run which goes on keeps; they take the place of what is there.
    """
    events_file, metrics_file = folder / EVENTS_FILE, folder / METRICS_FILE
    write_text(events_file, "".join(event_to_json(event) + "\n" for event in earlier))
    write_text(metrics_file, _table(earlier))
    with _lasting(events_file, "\n") as events, _lasting(metrics_file, "") as metrics:
        rows = _rows(metrics)
        often: dict[type, Throttle] = {kind: Throttle(0, slowest=5) for kind in _OFTEN}

        # A full disk must not end the training: what is not written now may be later.
        def write(event: TrainingEvent) -> None:
            if type(event) in often and not often[type(event)].due():
                return
            with _tolerated(events_file):
                events.write(event_to_json(event) + "\n")
            if isinstance(event, EpochDone):
                with _tolerated(metrics_file):
                    rows.writerow(event.model_dump())

        yield write


@contextmanager
def _lasting(file: Path, newline: str) -> Iterator[TextIO]:
    """The file open for lines at its end; a full disk does not keep it from being closed."""
    opened = file.open("a", buffering=1, encoding="utf-8", newline=newline)
    try:
        yield opened
    finally:
        with _tolerated(file):
            opened.close()


@contextmanager
def _tolerated(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _logger.warning("%s cannot be written: %s", file, error.strerror or error)


def events_until(run: RunRecord, resumed: Resumed | None) -> list[TrainingEvent]:
    """What happened in a run until the checkpoint from which it goes on; None: it begins anew.

    If the log does not know the checkpoint, the program was stopped or killed just as it had
    written it: what came before is all that the log has, or all until it went on from there before.
    """
    kept: list[TrainingEvent] = []
    if resumed is None:
        return kept
    for event in _events(run.folder / EVENTS_FILE):
        if isinstance(event, Resumed) and event.checkpoint == resumed.checkpoint:
            break
        kept.append(event)
        if isinstance(event, CheckpointWritten) and event.number == resumed.checkpoint:
            break
    return kept


def load_history(run: RunRecord) -> RunHistory:
    """What the events of a run add up to; a line that was torn when a process died is left out."""
    history = RunHistory()
    for event in _events(run.folder / EVENTS_FILE):
        history.apply(event)
    return history


def _table(events: Sequence[TrainingEvent]) -> str:
    table = StringIO()
    rows = _rows(table)
    rows.writeheader()
    rows.writerows(event.model_dump() for event in events if isinstance(event, EpochDone))
    return table.getvalue()


def _rows(file: TextIO) -> csv.DictWriter[str]:
    return csv.DictWriter(file, METRICS, extrasaction="ignore", lineterminator="\n")


def _events(file: Path) -> Iterator[TrainingEvent]:
    text = file.read_text("utf-8", errors="replace") if file.exists() else ""
    for line in text.split("\n"):
        try:
            yield event_from_json(line)
        except ValidationError:
            continue
