"""The store of runs: makes their folders, finds them again, and keeps their records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from graftwork.engine.job import START_FOLDER, StartSettings, TrainingJob
from graftwork.files import write_text

from .errors import UnknownRunError
from .index import RunIndex, read_row
from .places import claim_elsewhere, forget_elsewhere, new_place, note_elsewhere, run_folders
from .record import (
    RunRecord,
    lives,
    read_record,
    record_from_json,
    this_process,
    write_record,
)

__all__ = ["JOB_FILE", "RunRecord", "RunStore"]

JOB_FILE = "job.json"
INDEX_FILE = "index.sqlite"

_log = logging.getLogger(__name__)


class RunStore:
    """All runs of a user; several processes may use one store at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = RunIndex(folder / INDEX_FILE)

    def create(self, job: TrainingJob, folder: Path | None = None) -> RunRecord:
        """A new run, running in this process, with its job in its folder.

        The job there names its data by their whole path. A ``folder`` must be absent or empty, or
        ``RunFolderError`` is raised.
        """
        job = _with_whole_path(job)
        elsewhere = claim_elsewhere(folder) if folder else None
        created = datetime.now(UTC)
        place = new_place(self.folder, created, job.data.path)
        if elsewhere:
            note_elsewhere(place, elsewhere)
        record = _new_record(job, place.name, elsewhere or place, created)
        write_text(record.folder / JOB_FILE, job.model_dump_json(indent=2))
        self.save(record)
        return record

    def job_of(self, record: RunRecord) -> TrainingJob:
        """The job in the run's folder; raises ``OSError`` or ``ValueError``."""
        return read_job(record.folder)

    def note_data(self, record: RunRecord, fingerprint: str) -> TrainingJob:
        """Write the fingerprint of the run's images into its job."""
        return self._note(record, {"data_fingerprint": fingerprint})

    def note_start(self, record: RunRecord, start: StartSettings) -> TrainingJob:
        """Write into the run's job what it starts from."""
        return self._note(record, {"start": start})

    def _note(self, record: RunRecord, changes: dict[str, Any]) -> TrainingJob:
        noted = self.job_of(record).model_copy(update=changes)
        write_text(record.folder / JOB_FILE, noted.model_dump_json(indent=2))
        return noted

    def save(self, record: RunRecord) -> None:
        """Keep the record in place of the one before."""
        write_record(record)
        self._index.put({record.id: read_row(record.folder)})

    def restart(self, record: RunRecord) -> RunRecord:
        """Keep that the run is at work again, in this process, and may come to other weights."""
        changes = {
            "status": "running",
            "message": None,
            "process": this_process(),
            "test_accuracy": None,
        }
        running = record.model_copy(update=changes)
        self.save(running)
        return running

    def finish(
        self,
        record: RunRecord,
        status: Literal["finished", "stopped", "failed"],
        message: str | None = None,
    ) -> RunRecord:
        """Keep how the run ended."""
        ended = record.model_copy(update={"status": status, "message": message})
        self.save(ended)
        return ended

    def forget(self, record: RunRecord) -> None:
        """Forget a run whose folder is gone, wherever it was."""
        forget_elsewhere(self.folder / record.id)

    def runs(self) -> list[RunRecord]:
        """All runs, newest first; one whose process is gone without a word is interrupted."""
        records = [_as_it_stands(record) for record in self._records()]
        return sorted(records, key=lambda record: (record.created, record.id), reverse=True)

    def get(self, key: str, suits: Callable[[RunRecord], bool] | None = None) -> RunRecord:
        """The run with this id, a beginning of it, or its folder.

        ``last`` is the newest that ``suits``, or else the newest. Raises ``UnknownRunError``.
        """
        records = self.runs()
        last = [record for record in records if suits is None or suits(record)] or records
        found = last[:1] if key == "last" else _matching(records, key) or _in_folder(key)
        if len(found) != 1:
            raise UnknownRunError(_why_not(records, found, key))
        return found[0]

    def _records(self) -> Iterator[RunRecord]:
        if not self.folder.is_dir():
            return
        for run_id, row in self._index.up_to_date(run_folders(self.folder)).items():
            try:
                record = record_from_json(row.record, Path(row.folder))
            except ValueError as error:
                _log.warning("The run in %s is left out: %s", row.folder, error)
            else:
                yield record.model_copy(update={"id": run_id})


def read_job(folder: Path) -> TrainingJob:
    """The job in a run's folder, which may be moved; raises ``OSError`` or ``ValueError``."""
    job = TrainingJob.model_validate_json((folder / JOB_FILE).read_text("utf-8"))
    own = folder / START_FOLDER
    if job.start is None or job.start.origin is None or not own.is_dir():
        return job
    start = job.start.model_copy(update={"folder": own})
    return job.model_copy(update={"start": start})


def _with_whole_path(job: TrainingJob) -> TrainingJob:
    data = job.data.model_copy(update={"path": job.data.path.absolute()})
    return job.model_copy(update={"data": data})


def _new_record(job: TrainingJob, run_id: str, folder: Path, created: datetime) -> RunRecord:
    return RunRecord(
        id=run_id,
        folder=folder,
        created=created,
        status="running",
        data=str(job.data.path),
        backbone=job.backbone,
        strategy=job.strategy,
        process=this_process(),
    )


def _as_it_stands(record: RunRecord) -> RunRecord:
    if record.status == "running" and not lives(record.process):
        return record.model_copy(update={"status": "interrupted"})
    return record


def _matching(records: Sequence[RunRecord], key: str) -> list[RunRecord]:
    """The run of this id, or all whose ids begin so."""
    same = [record for record in records if record.id == key]
    return same or [record for record in records if key and record.id.startswith(key)]


def _in_folder(key: str) -> list[RunRecord]:
    """The run in this folder, which need not be known to the store."""
    try:
        return [_as_it_stands(read_record(Path(key).resolve()))]
    except (OSError, ValueError):
        return []


def _why_not(records: Sequence[RunRecord], found: Sequence[RunRecord], key: str) -> str:
    if found:
        return f"Several runs begin with '{key}': {_ids(found)}. Give more of the id."
    if not records:
        return f"There is no run '{key}': nothing has been trained yet."
    near = get_close_matches(key, [record.id for record in records])
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The newest are {_ids(records)}."
    return f"There is no run '{key}'. {hint}"


def _ids(records: Sequence[RunRecord]) -> str:
    return ", ".join(record.id for record in records[:5])
