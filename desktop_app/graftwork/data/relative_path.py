"""How an image is named wherever its folder lies, and whichever system wrote its name."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path


def relative_path(path: Path, root: Path) -> str:
    """The path from the root with ``/`` between its parts; the whole path if none leads there.

    Accents have one form (NFC), for systems differ in the form that they write, and a folder that
    is moved from one to another must not be taken for other images. It is a name to compare and
    to show: a file may not be found by it.
    """
    try:
        relative = os.path.relpath(path, root)
    except ValueError:  # on Windows, another drive
        relative = str(path)
    return unicodedata.normalize("NFC", Path(relative).as_posix())
