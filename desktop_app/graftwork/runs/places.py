"""Where runs are: a folder each in the store, or a note there of a folder elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

from .errors import RunFolderError
from .record import RECORD_FILE

NOTE_FILE = "elsewhere.txt"
_LONGEST_NAME = 40


def new_place(store: Path, created: datetime, data: Path) -> Path:
    """A new folder in the store, whose name is the run's id.

    It sorts by time and says which data; two runs of one second get different ones.
    """
    for name in _names(created, data):
        try:
            (store / name).mkdir(parents=True)
        except FileExistsError:
            continue
        return store / name
    raise AssertionError


def _names(created: datetime, data: Path) -> Iterator[str]:
    """None is the beginning of another, so that a deleted run's id finds no other run."""
    second, name = f"{created.astimezone():%Y%m%d-%H%M%S}", _readable(data)
    yield f"{second}-{name}"
    for number in count(2):
        yield f"{second}-{number}-{name}"


def _readable(data: Path) -> str:
    """The data's name, of letters, digits and the signs that no shell minds."""
    letters = re.sub(r"[^\w-]+", "_", data.resolve().stem)[:_LONGEST_NAME]
    return letters.strip("_-") or "images"


def claim_elsewhere(folder: Path) -> Path:
    """The whole path of a folder that was absent or empty; raises ``RunFolderError``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = next(folder.iterdir(), None) is None
    except OSError as error:
        msg = f"A run cannot be kept in {folder}: {error.strerror}. Name another folder."
        raise RunFolderError(msg) from error
    if not is_empty:
        raise RunFolderError(_not_empty(folder))
    return folder.resolve()


def _not_empty(folder: Path) -> str:
    name_another = "Name one that is, or one that does not exist."
    if not (folder / RECORD_FILE).is_file():
        return f"The folder {folder} is not empty. {name_another}"
    return (
        f"The folder {folder} is not empty: it holds a run. If that has not finished, "
        f"graftwork resume {folder} goes on with it. {name_another}"
    )


def note_elsewhere(place: Path, folder: Path) -> None:
    """Remember in the store that the run of this place is kept in a folder elsewhere."""
    (place / NOTE_FILE).write_text(str(folder), "utf-8")


def forget_elsewhere(place: Path) -> None:
    """Remove what this place in the store remembers of a folder elsewhere, if it does."""
    note = place / NOTE_FILE
    if note.exists():
        note.unlink()
        place.rmdir()


def run_folders(store: Path) -> dict[str, Path]:
    """The folders of all runs by id; those on a drive that is away are among them."""
    if not store.is_dir():
        return {}
    return {place.name: _folder(place) for place in store.iterdir() if place.is_dir()}


def _folder(place: Path) -> Path:
    try:
        return Path((place / NOTE_FILE).read_text("utf-8"))
    except FileNotFoundError:
        return place
