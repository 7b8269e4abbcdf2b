"""An SQLite copy of all runs' records, so that listing them need not open a file for each.

The runs' folders are the truth. A row holds for as long as its ``run.json`` is not written again;
a missing or damaged index is made anew from the folders, and one that cannot be used is done
without.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from .record import RECORD_FILE

T = TypeVar("T")

_log = logging.getLogger(__name__)

# Locked, read-only, on a drive that knows no locks: all is in the folders anyway.
_UNUSABLE = (sqlite3.Error, OSError)

_VERSION = 1
_WAIT_S = 5.0
_TABLE = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, folder TEXT NOT NULL, modified INTEGER NOT NULL, record TEXT NOT NULL
)
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A run's record as JSON; ``modified`` is when its file was written, in nanoseconds."""

    folder: str
    modified: int
    record: str


def read_row(folder: Path) -> Row:
    """The row of the run in this folder; raises ``FileNotFoundError`` if none is there."""
    file = folder / RECORD_FILE
    modified = file.stat().st_mtime_ns
    return Row(folder=str(folder), modified=modified, record=file.read_text("utf-8"))


class RunIndex:
    """The index in one file; several processes may use it at once."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def up_to_date(self, folders: Mapping[str, Path]) -> dict[str, Row]:
        """The rows of the runs in these folders, by id; a folder without a run has none."""
        try:
            known = self._mended(self._rows)
        except _UNUSABLE as error:
            self._warn(error)
            return _rows_in(folders, {})
        rows = _rows_in(folders, known)
        self.put({run_id: row for run_id, row in rows.items() if row is not known.get(run_id)})
        self._drop(known.keys() - rows.keys())
        return rows

    def put(self, rows: Mapping[str, Row]) -> None:
        """Add rows, or replace those of the same id."""
        values = [(run_id, r.folder, r.modified, r.record) for run_id, r in rows.items()]
        self._write("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", values)

    def _drop(self, ids: Iterable[str]) -> None:
        self._write("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id in ids])

    def _write(self, statement: str, values: Sequence[tuple[str | int, ...]]) -> None:
        def write() -> None:
            with self._transaction() as connection:
                connection.executemany(statement, values)

        try:
            if values:
                self._mended(write)
        except _UNUSABLE as error:
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        _log.warning("The index of runs %s cannot be used: %s", self._file, error)

    def _rows(self) -> dict[str, Row]:
        with self._transaction() as connection:
            found = connection.execute("SELECT id, folder, modified, record FROM runs").fetchall()
        return {
            run_id: Row(folder=folder, modified=modified, record=record)
            for run_id, folder, modified, record in found
        }

    def _mended(self, operation: Callable[[], T]) -> T:
        """Do it; if the file is damaged, do it on a new one."""
        try:
            return operation()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._discard()
            return operation()

    def _discard(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self._file.with_name(self._file.name + ending).unlink(missing_ok=True)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """An exclusive transaction from its beginning, as one that becomes so may not wait."""
        opened = sqlite3.connect(self._file, timeout=_WAIT_S, isolation_level=None)
        with closing(opened) as connection:
            _log_ahead(connection)
            connection.execute("BEGIN IMMEDIATE")
            _ensure_table(connection)
            yield connection
            connection.execute("COMMIT")


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, unless another process is doing so at this moment."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")


def _ensure_table(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != _VERSION:
        connection.execute("DROP TABLE IF EXISTS runs")
        connection.execute(_TABLE)
        connection.execute(f"PRAGMA user_version = {_VERSION}")


def _rows_in(folders: Mapping[str, Path], known: Mapping[str, Row]) -> dict[str, Row]:
    found = {run_id: _row(folder, known.get(run_id)) for run_id, folder in folders.items()}
    return {run_id: row for run_id, row in found.items() if row is not None}


def _row(folder: Path, known: Row | None) -> Row | None:
    """The row that is known, if it still holds; else what the folder says."""
    try:
        modified = (folder / RECORD_FILE).stat().st_mtime_ns
        if known and (known.folder, known.modified) == (str(folder), modified):
            return known
        return read_row(folder)
    except (OSError, ValueError):
        return None
