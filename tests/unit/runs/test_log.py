"""Events are kept line by line and folded into a history again."""

from __future__ import annotations

import csv
import math
import time
from pathlib import Path

import pytest

from graftwork.engine.events import (
    Notice,
    Progress,
    TrainingEvent,
    event_to_json,
)
from graftwork.engine.history import RunHistory
from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.runs import log
from graftwork.runs.log import EVENTS_FILE, METRICS, METRICS_FILE, load_history, run_log
from graftwork.runs.store import RunRecord, RunStore
from support.events import epoch_done, step_done

EVENTS: list[TrainingEvent] = [
    Progress(what="Decoding images", done=1, total=2),
    Notice(level="warning", text="Zu wenige Bilder für „Biene“"),
    epoch_done(epoch=1, train_loss=0.7),
    epoch_done(epoch=2, train_loss=math.inf, best=False),
]


@pytest.fixture
def run(tmp_path: Path) -> RunRecord:
    return RunStore(tmp_path).create(TrainingJob(data=DataSettings(path=tmp_path)))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_does_not_end_the_training(
    run: RunRecord, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with run_log(run.folder) as write:
        write(EVENTS[0])
    for name in (EVENTS_FILE, METRICS_FILE):
        (run.folder / name).unlink()
        (run.folder / name).symlink_to("/dev/full")
    monkeypatch.setattr(log, "write_text", lambda *_: None)
    with run_log(run.folder) as write:
        for event in EVENTS:
            write(event)
    assert "No space left" in caplog.text


def history_of(events: list[TrainingEvent]) -> RunHistory:
    history = RunHistory()
    for event in events:
        history.apply(event)
    return history


def write(run: RunRecord, events: list[TrainingEvent]) -> None:
    with run_log(run.folder) as log:
        for event in events:
            log(event)


def test_the_history_of_what_was_written_is_that_of_the_events(run: RunRecord) -> None:
    write(run, EVENTS)
    assert load_history(run) == history_of(EVENTS)


def test_each_event_can_be_read_as_soon_as_it_is_written(run: RunRecord) -> None:
    with run_log(run.folder) as log:
        for count, event in enumerate(EVENTS, start=1):
            log(event)
            assert load_history(run) == history_of(EVENTS[:count])


@pytest.mark.parametrize("kept", [1, 10, -2])
def test_a_torn_last_line_is_left_out(run: RunRecord, kept: int) -> None:
    whole = "".join(event_to_json(event) + "\n" for event in EVENTS)
    torn = event_to_json(EVENTS[1]).encode()[:kept]
    (run.folder / EVENTS_FILE).write_bytes(whole.encode() + torn)
    assert load_history(run) == history_of(EVENTS)


def test_a_line_torn_within_a_letter_is_left_out(run: RunRecord) -> None:
    line = event_to_json(EVENTS[1]).encode()
    (run.folder / EVENTS_FILE).write_bytes(line[: line.index("ü".encode()) + 1])
    assert load_history(run) == RunHistory()


def test_a_run_without_events_has_an_empty_history(run: RunRecord) -> None:
    assert load_history(run) == RunHistory()


def test_the_metrics_have_a_row_an_epoch(run: RunRecord) -> None:
    write(run, EVENTS)
    with (run.folder / METRICS_FILE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [float(row["train_loss"]) for row in rows] == [0.7, math.inf]
    assert [row["best"] for row in rows] == ["True", "False"]
    assert tuple(rows[0]) == METRICS


def test_of_days_the_log_has_some_steps_and_every_epoch(
    run: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with run_log(run.folder) as write:
        for second in range(24 * 3600):
            now = float(second)
            write(step_done(step=second + 1, steps_per_epoch=100_000))
            if second % 600 == 0:
                write(epoch_done(epoch=second // 600 + 1))
    kept = load_history(run)
    assert 10_000 < (run.folder / EVENTS_FILE).read_text("utf-8").count("step-done") < 25_000
    assert len(kept.epochs) == 144
