"""Reads a text table that names an image and its class in each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from graftwork.plugin_api import Catalog, DatasetError, DatasetReader, Item, Part, Problem

from .names import normalized, part_named, sorted_by_path
from .table_columns import Columns, cell, find_columns
from .table_options import TableOptions
from .table_text import Row, Table, read_table

_ENDINGS = frozenset({".csv", ".tsv", ".txt"})


class _BadRowError(Exception):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(reason)
        self.path = path


def read_table_of_images(path: Path, options: TableOptions) -> Catalog:
    """The catalog that a table names; raises ``DatasetError``."""
    table = read_table(path, options.delimiter, options.header)
    columns = find_columns(table, options)
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
    classes = tuple(sorted({item.label for item in items.values()}))
    if len(classes) < 2:
        raise _too_few_classes(table, classes, problems)
    return Catalog(
        root=reader.root,
        classes=classes,
        items=sorted_by_path(list(items.values())),
        problems=tuple(problems),
        notes=(columns.note,) if columns.note else (),
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
    table: Table, columns: Columns, options: TableOptions
) -> tuple[list[Row], list[Problem]]:
    """The rows whose labels are asked for, and a problem that counts the others."""
    if not options.labels:
        return table.rows, []
    used = [row for row in table.rows if cell(row, columns.label) in options.labels]
    unused = Counter(cell(row, columns.label) for row in table.rows) - Counter(
        cell(row, columns.label) for row in used
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

    def __init__(self, table: Table, columns: Columns, options: TableOptions) -> None:
        self.root = table.path.parent / (options.root or "")
        self._table = table
        self._columns = columns
        self._labels = options.labels

    def item(self, row: Row) -> Item:
        """The row's item; raises ``_BadRowError``."""
        label = cell(row, self._columns.label)
        if not label:
            raise _BadRowError(self._table.path, "it names no class")
        return Item(
            path=self._path(row),
            label=normalized(self._labels.get(label, label)),
            part=self._part(row),
            group=cell(row, self._columns.group) or None,
            metadata=self._metadata(row),
        )

    def _path(self, row: Row) -> Path:
        name = cell(row, self._columns.path)
        if not name:
            raise _BadRowError(self._table.path, "it names no image")
        path = self.root / name.replace("\\", "/")
        if not path.is_file():
            raise _BadRowError(path, "the file is not there")
        return path

    def _part(self, row: Row) -> Part | None:
        name = cell(row, self._columns.part)
        part = part_named(name)
        if name and part is None:
            raise _BadRowError(self._table.path, f"{name!r} is no part; use train, val or test")
        return part

    def _metadata(self, row: Row) -> dict[str, str]:
        taken = {self._columns.path, self._columns.label}
        names = self._table.header or [str(number) for number in range(1, len(row.cells) + 1)]
        cells = enumerate(zip(names, row.cells, strict=False))
        return {name: value.strip() for index, (name, value) in cells if index not in taken}


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
