"""Names that are not text: bytes in a file name that no UTF-8 file could tell of."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from graftwork.plugin_api import Catalog, DatasetError, Problem

_REASON = "its name is not valid text (UTF-8): rename the file or folder"


def without_broken_names(catalog: Catalog) -> Catalog:
    """The catalog with each file whose name is not text among the problems, its name made legible.

    Notes are made legible too. Raises ``DatasetError`` if a class is named so.
    """
    broken = [name for name in catalog.classes if not _is_text(name)]
    if broken:
        msg = f"Class {_legible(broken[0])!r} cannot be used: {_REASON}."
        raise DatasetError(msg)
    named = [item for item in catalog.items if _is_text(str(item.path))]
    nameless = [item for item in catalog.items if not _is_text(str(item.path))]
    found = [Problem(path=item.path, reason=_REASON) for item in nameless]
    return replace(
        catalog,
        items=tuple(named),
        problems=tuple(map(_with_legible_path, (*catalog.problems, *found))),
        notes=tuple(map(_legible, catalog.notes)),
    )


def _with_legible_path(problem: Problem) -> Problem:
    return replace(problem, path=Path(_legible(str(problem.path))))


def _is_text(name: str) -> bool:
    return _legible(name) == name


def _legible(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")
