"""Finds the image files that a person names by file or by folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from graftwork.data.suffixes import IMAGE_SUFFIXES


def image_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Each file once: those named, whatever their suffix, and the images in folders below.

    Folders are gone through in the order of their names, without hidden files and folders; a
    folder that a link leads back to is not entered again, and one that cannot be read is given
    itself, so that it is not passed over in silence. A list of what was found gives the same again.
    """
    given: set[Path] = set()
    for path in paths:
        for file in _files_below(path, set()) if _is_folder(path) else [path]:
            if file not in given:
                given.add(file)
                yield file


def _files_below(folder: Path, entered: set[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in entered:
        return
    entered.add(real)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            yield from _files_below(path, entered)
        elif path.suffix.lower() in IMAGE_SUFFIXES:
            yield path


def _is_folder(path: Path | os.DirEntry[str]) -> bool:
    """Whether it is known to be one: what lies in a folder that is closed to us is not."""
    try:
        return path.is_dir()
    except OSError:
        return False
