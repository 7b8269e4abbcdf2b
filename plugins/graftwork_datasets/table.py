"""Reads a text table that names an image and its class in each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from graftwork.plugin_api import Catalog, DatasetError, DatasetReader, Item, Part, Problem

from .names import names_image, normalized, part_named, sorted_by_path
from .table_text import Delimiter, Header, Row, Table, read_table

_PATH_NAMES = ("path", "file", "filename", "file_name", "filepath", "image", "image_path")
_LABEL_NAMES = ("label", "class", "category", "species", "class_name")
_PART_NAMES = ("part", "split", "subset")
_ENDINGS = frozenset({".csv", ".tsv", ".txt"})


class TableOptions(BaseModel):
    """What a user can say of a table of images."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    path_column: str | None = Field(
        default=None,
        description="Column of the image's path: its name, or its number from 1; "
        "none: one called path, file, filename or image",
    )
    label_column: str | None = Field(
        default=None,
        description="Column of the class: its name, or its number from 1; "
        "none: one called label, class, category or species",
    )
    part_column: str | None = Field(
        default=None,
        description="Column that says train, val or test: its name, or its number from 1; "
        "none: one called part, split or subset, if there is one",
    )
    group_column: str | None = Field(
        default=None,
        description="Column that names what belongs together and must not be split "
        "(a film, a patient): its name, or its number from 1",
    )
    delimiter: Delimiter = Field(default="auto", description="What stands between the columns")
    header: Header = Field(
        default="auto",
        description="Whether the first row names the columns; auto: yes unless it names an image",
    )
    root: Path | None = Field(
        default=None,
        description="Folder that paths start from, itself taken from the table's folder; "
        "none: the table's own folder",
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="Class name for each label that is used, such as 0: good, 1: broken; rows with "
        "other labels are left out; empty: every label is a class",
    )


@dataclass(frozen=True)
class _Columns:
    """Indices of the columns."""

    path: int
    label: int
    part: int | None
    group: int | None


class _BadRowError(Exception):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(reason)
        self.path = path


def read_table_of_images(path: Path, options: TableOptions) -> Catalog:
    """The catalog that a table names; raises ``DatasetError``."""
    table = read_table(path, options.delimiter, options.header)
    columns = _columns(table, options)
    rows, problems = _used_rows(table, columns, options)
    reader = _RowReader(table, columns, options)
    items: dict[Path, Item] = {}
    for row in rows:
        try:
            item = reader.item(row)
            _refuse_second(item, items)
            items[item.path] = item
        except _BadRowError as error:
            reason = f"line {row.line} of {path.name}: {error}"
            problems.append(Problem(path=error.path, reason=reason))
    return _catalog(table, reader.root, list(items.values()), problems)


def _catalog(table: Table, root: Path, items: list[Item], problems: list[Problem]) -> Catalog:
    classes = tuple(sorted({item.label for item in items}))
    if len(classes) < 2:
        raise _too_few_classes(table, classes, problems)
    return Catalog(
        root=root, classes=classes, items=sorted_by_path(items), problems=tuple(problems)
    )


def _too_few_classes(
    table: Table, classes: tuple[str, ...], problems: list[Problem]
) -> DatasetError:
    found = f"images of one class only ({classes[0]!r})" if classes else "no image that is there"
    first = "".join(f"\n{problem.path}: {problem.reason}" for problem in problems[:3])
    return DatasetError(
        f"{table.path} names {found}; two classes are needed. "
        f"Its columns are {table.columns}; check that the right ones are set, "
        f"and the folder that paths start from.{first}"
    )


def _used_rows(
    table: Table, columns: _Columns, options: TableOptions
) -> tuple[list[Row], list[Problem]]:
    """The rows whose labels are asked for, and a problem that counts the others."""
    if not options.labels:
        return table.rows, []
    used = [row for row in table.rows if _cell(row, columns.label) in options.labels]
    unused = Counter(_cell(row, columns.label) for row in table.rows) - Counter(
        _cell(row, columns.label) for row in used
    )
    if not unused:
        return used, []
    counted = ", ".join(f"{label!r} ({count})" for label, count in sorted(unused.items()))
    reason = f"{unused.total()} rows are left out, whose labels are not asked for: {counted}"
    return used, [Problem(path=table.path, reason=reason)]


def _refuse_second(item: Item, items: Mapping[Path, Item]) -> None:
    first = items.get(item.path)
    if first:
        as_what = "" if first.label == item.label else f" as {first.label!r}"
        raise _BadRowError(item.path, f"the image is named before{as_what}")


class _RowReader:
    """Makes items of a table's rows."""

    def __init__(self, table: Table, columns: _Columns, options: TableOptions) -> None:
        self.root = table.path.parent / (options.root or "")
        self._table = table
        self._columns = columns
        self._labels = options.labels

    def item(self, row: Row) -> Item:
        """The row's item; raises ``_BadRowError``."""
        label = _cell(row, self._columns.label)
        if not label:
            raise _BadRowError(self._table.path, "it names no class")
        return Item(
            path=self._path(row),
            label=normalized(self._labels.get(label, label)),
            part=self._part(row),
            group=_cell(row, self._columns.group) or None,
            metadata=self._metadata(row),
        )

    def _path(self, row: Row) -> Path:
        name = _cell(row, self._columns.path)
        if not name:
            raise _BadRowError(self._table.path, "it names no image")
        path = self.root / name.replace("\\", "/")
        if not path.is_file():
            raise _BadRowError(path, "the file is not there")
        return path

    def _part(self, row: Row) -> Part | None:
        name = _cell(row, self._columns.part)
        part = part_named(name)
        if name and part is None:
            raise _BadRowError(self._table.path, f"{name!r} is no part; use train, val or test")
        return part

    def _metadata(self, row: Row) -> dict[str, str]:
        taken = {self._columns.path, self._columns.label}
        names = self._table.header or [str(number) for number in range(1, len(row.cells) + 1)]
        cells = enumerate(zip(names, row.cells, strict=False))
        return {name: cell.strip() for index, (name, cell) in cells if index not in taken}


def _cell(row: Row, column: int | None) -> str:
    """The row's cell, empty where there is none."""
    if column is None or column >= len(row.cells):
        return ""
    return row.cells[column].strip()


def _columns(table: Table, options: TableOptions) -> _Columns:
    path = _index(table, options.path_column, _PATH_NAMES)
    label = _index(table, options.label_column, _LABEL_NAMES)
    path = _first_that_names_images(table) if path is None else path
    if path is None or label is None:
        raise _unclear(table, "path" if path is None else "label")
    return _Columns(
        path=path,
        label=label,
        part=_index(table, options.part_column, _PART_NAMES),
        group=_index(table, options.group_column, ()),
    )


def _index(table: Table, wanted: str | None, usual: Sequence[str]) -> int | None:
    """The column that is wanted, or else the first with a usual name."""
    if wanted:
        return table.column(wanted)
    names = [name.lower() for name in table.header or []]
    return next((names.index(name) for name in usual if name in names), None)


def _first_that_names_images(table: Table) -> int | None:
    cells = table.rows[0].cells
    return next((i for i, cell in enumerate(cells) if names_image(cell.strip())), None)


def _unclear(table: Table, what: str) -> DatasetError:
    meaning = {"path": "the image's path", "label": "the class"}[what]
    return DatasetError(
        f"It is not clear which column of {table.path.name} holds {meaning}. "
        f"Its columns are {table.columns}. Set {what}_column to a name or a number."
    )


def _recognises(path: Path) -> bool:
    return path.suffix.lower() in _ENDINGS and path.is_file()


TABLE = DatasetReader(
    name="table",
    title="Table (CSV, TSV, text)",
    summary="A text table with a row for each image: its path, its class and, if wished, its part",
    recognises=_recognises,
    options=TableOptions,
    read=read_table_of_images,
)
