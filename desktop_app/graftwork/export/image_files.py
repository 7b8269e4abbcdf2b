"""Finds the image files that a person names by file or by folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_KINDS = "avif bmp gif j2k jfif jp2 jpe jpeg jpg mpo pbm pgm png pnm ppm tif tiff webp"
SUFFIXES = frozenset(f".{kind}" for kind in _KINDS.split())


def image_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Each file once: those named, whatever their suffix, and the images in folders below.

    Folders are gone through in the order of their names, without hidden files and folders; a
    folder that a link leads back to is not entered again.
    """
    given: set[Path] = set()
    for path in paths:
        for file in _files_below(path, set()) if path.is_dir() else [path]:
            if file not in given:
                given.add(file)
                yield file


def _files_below(folder: Path, entered: set[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in entered:
        return
    entered.add(real)
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        if entry.is_dir():
            yield from _files_below(path, entered)
        elif path.suffix.lower() in SUFFIXES:
            yield path
