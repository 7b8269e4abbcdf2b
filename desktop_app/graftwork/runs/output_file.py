"""Files that are written for the user: what they must not replace, and where they go."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from .errors import OutputFileError


def refuse_other_ending(file: Path, *endings: str) -> None:
    """Refuse a name that is not of the kind that is written, such as that of an image.

    ``endings`` are in lower case, with their dots. Raises ``OutputFileError``.
    """
    if file.suffix.lower() not in endings:
        msg = f"{file} must end in {' or '.join(endings)}, for that is what is written."
        raise OutputFileError(msg)


def refuse_inputs(file: Path, inputs: Iterable[Path]) -> None:
    """Refuse a file that is one of ``inputs``, by whatever name; raises ``OutputFileError``."""
    if file.exists() and any(one.exists() and one.samefile(file) for one in inputs):
        msg = f"{file} is read here and would be lost. Choose another name."
        raise OutputFileError(msg)


@contextmanager
def output_place(file: Path, what: str) -> Iterator[None]:
    """Make the folder of ``file``; an ``OSError`` of the block becomes an ``OutputFileError``.

    So does, before the block, a place that cannot be written to. ``what`` is written there, as in
    "The model".
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _try(file)
        yield
    except OSError as error:
        reason = error.strerror or error
        msg = f"{what} cannot be written to {file}: {reason}. Name another place."
        raise OutputFileError(msg) from error


def _try(file: Path) -> None:
    """Raise the ``OSError`` that would else come only when all work is done."""
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    with TemporaryFile(dir=file.parent):
        pass
