"""What is known of a run at a glance, and the file that keeps it in the run's folder."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict

from graftwork.files import write_text

RECORD_FILE = "run.json"

RunStatus = Literal["running", "finished", "stopped", "failed", "interrupted"]

_CLOCK_TOLERANCE_S = 5.0


class RunProcess(BaseModel):
    """The process that trains: a number alone may be given to another one later."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: float


class RunRecord(BaseModel):
    """One run: where it is, what it is made from, how it stands.

    ``data``, ``backbone`` and ``strategy`` are the job's; ``validation_accuracy`` is that of the
    best epoch: weights are kept if and only if there is one. ``test_accuracy`` is known once the
    run was evaluated. ``message`` says why it failed. ``interrupted`` is a run whose process is
    gone without having ended it.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    folder: Path
    created: datetime
    status: RunStatus
    data: str
    backbone: str
    strategy: str
    validation_accuracy: float | None = None
    test_accuracy: float | None = None
    message: str | None = None
    process: RunProcess


def has_weights(record: RunRecord) -> bool:
    """Whether an epoch was over, so that its weights are kept."""
    return record.validation_accuracy is not None


def has_checkpoint(record: RunRecord) -> bool:
    """Whether it ended before it was finished, and can go on from where it was."""
    from graftwork.engine.checkpoints.keeper import FOLDER

    ended = record.status in {"stopped", "failed", "interrupted"}
    return ended and any((record.folder / FOLDER).glob("*.json"))


def write_record(record: RunRecord) -> None:
    """Keep the record in the run's folder."""
    write_text(record.folder / RECORD_FILE, record_to_json(record))


def record_to_json(record: RunRecord) -> str:
    """All but the folder, which may be moved."""
    return record.model_dump_json(indent=2, exclude={"folder"})


def read_record(folder: Path) -> RunRecord:
    """The record in a run's folder; raises ``OSError`` or ``ValueError``."""
    return record_from_json((folder / RECORD_FILE).read_text("utf-8"), folder)


def record_from_json(text: str, folder: Path) -> RunRecord:
    """The record that ``record_to_json`` gave, now in this folder; raises ``ValueError``."""
    return RunRecord.model_validate({**json.loads(text), "folder": folder})


def this_process() -> RunProcess:
    """The process that asks."""
    return RunProcess(pid=os.getpid(), started=psutil.Process().create_time())


def lives(process: RunProcess) -> bool:
    """Whether this very process still runs."""
    try:
        found = psutil.Process(process.pid)
        is_dead = found.status() == psutil.STATUS_ZOMBIE
        return not is_dead and abs(found.create_time() - process.started) < _CLOCK_TOLERANCE_S
    except psutil.Error:
        return False
