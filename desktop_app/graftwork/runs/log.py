"""What a run's folder keeps of its events: all of them, and a table with a row an epoch."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from graftwork.engine.events import EpochDone, TrainingEvent, event_from_json, event_to_json
from graftwork.engine.history import RunHistory

from .record import RunRecord

EVENTS_FILE = "events.jsonl"
METRICS_FILE = "metrics.csv"
METRICS = tuple(name for name in EpochDone.model_fields if name != "kind")


@contextmanager
def run_log(folder: Path) -> Iterator[Callable[[TrainingEvent], None]]:
    """Gives a function that writes one event; each line is on its way to the disk at once."""
    events_file, metrics_file = folder / EVENTS_FILE, folder / METRICS_FILE
    with (
        events_file.open("w", buffering=1, encoding="utf-8", newline="\n") as events,
        metrics_file.open("w", buffering=1, encoding="utf-8", newline="") as metrics,
    ):
        rows = csv.DictWriter(metrics, METRICS, extrasaction="ignore", lineterminator="\n")
        rows.writeheader()

        def write(event: TrainingEvent) -> None:
            events.write(event_to_json(event) + "\n")
            if isinstance(event, EpochDone):
                rows.writerow(event.model_dump())

        yield write


def load_history(run: RunRecord) -> RunHistory:
    """What the events of a run add up to; a line that was torn when a process died is left out."""
    history = RunHistory()
    for event in _events(run.folder / EVENTS_FILE):
        history.apply(event)
    return history


def _events(file: Path) -> Iterator[TrainingEvent]:
    text = file.read_text("utf-8", errors="replace") if file.exists() else ""
    for line in text.split("\n"):
        try:
            yield event_from_json(line)
        except ValidationError:
            continue
