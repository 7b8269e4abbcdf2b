"""Finds the columns of a table that say what, which class, which part and which group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from graftwork.plugin_api import DatasetError

from .names import names_image, part_named
from .table_options import TableOptions
from .table_text import Row, Table

_PATH_NAMES = ("path", "file", "filename", "file_name", "filepath", "image", "image_path")
_LABEL_NAMES = ("label", "class", "category", "species", "class_name")
_PART_NAMES = ("part", "split", "subset")
_NAMED_WORDS = 5


@dataclass(frozen=True)
class Columns:
    """Indices of the columns; ``note`` says why one that looks like parts was not taken."""

    path: int
    label: int
    part: int | None
    group: int | None
    note: str | None = None


def find_columns(table: Table, options: TableOptions) -> Columns:
    """The columns that are asked for, or else have usual names; raises ``DatasetError``."""
    path = _index(table, options.path_column, _PATH_NAMES)
    label = _index(table, options.label_column, _LABEL_NAMES)
    path = _first_that_names_images(table) if path is None else path
    if path is None or label is None:
        raise _unclear(table, "path" if path is None else "label")
    part = _index(table, options.part_column, _PART_NAMES)
    note = _other_words(table, part) if part is not None and not options.part_column else None
    return Columns(
        path=path,
        label=label,
        part=None if note else part,
        group=_index(table, options.group_column, ()),
        note=note,
    )


def cell(row: Row, column: int | None) -> str:
    """The row's cell, empty where there is none."""
    if column is None or column >= len(row.cells):
        return ""
    return row.cells[column].strip()


def _index(table: Table, wanted: str | None, usual: Sequence[str]) -> int | None:
    """The column that is wanted, or else the first with a usual name."""
    if wanted:
        return table.column(wanted)
    names = [name.lower() for name in table.header or []]
    return next((names.index(name) for name in usual if name in names), None)


def _other_words(table: Table, column: int) -> str | None:
    """What a column called like parts holds, if it means something else: no word is a part's."""
    words = Counter(cell(row, column) for row in table.rows if cell(row, column))
    if not words or any(map(part_named, words)):
        return None
    named = ", ".join(map(repr, sorted(words)[:_NAMED_WORDS]))
    more = ", ..." if len(words) > _NAMED_WORDS else ""
    name = (table.header or [])[column]
    return (
        f"Column {name!r} holds {named}{more}, so the images are split at random. "
        "If it is the split, use the words train, val and test."
    )


def _first_that_names_images(table: Table) -> int | None:
    cells = table.rows[0].cells
    return next((i for i, cell in enumerate(cells) if names_image(cell.strip())), None)


def _unclear(table: Table, what: str) -> DatasetError:
    meaning = {"path": "the image's path", "label": "the class"}[what]
    return DatasetError(
        f"It is not clear which column of {table.path.name} holds {meaning}. "
        f"Its columns are {table.columns}. "
        f"Set the {what} column ({what}_column) to a name or a number."
    )
