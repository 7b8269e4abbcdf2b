"""Whole files: written so that a reader finds the old or the new one, and their digests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path beside ``target`` for the block to write; it takes its place if the block ends well.

    The new file and its folder are flushed to the disk; after an error nothing is left behind,
    and an ``OSError`` names ``target``, which the user knows.
    """
    temporary = target.with_name(f".{target.name}.{uuid4().hex}.part")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(target)
        _flush_folder(target.parent)
    except OSError as error:
        if str(error.filename) == str(temporary):
            error.filename, error.filename2 = str(target), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write a whole text file (UTF-8), as ``replacing`` does."""
    with replacing(target) as temporary:
        temporary.write_text(text, "utf-8")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Windows cannot open a folder, and keeps its entries safe without."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
