"""Reads a text table that names an image and its class in each row."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from graftwork.plugin_api import Catalog, DatasetError, DatasetReader, Item, Part, Problem

from .names import normalized, part_named, sorted_by_path
from .table_columns import Columns, cell, find_columns
from .table_faults import BadRowError, Fault, no_row_of_use, too_few_classes
from .table_options import TableOptions
from .table_text import Row, Table, read_beginning, read_table

_ENDINGS = frozenset({".csv", ".tsv", ".txt"})


def read_table_of_images(path: Path, options: TableOptions) -> Catalog:
    """The catalog that a table names; raises ``DatasetError``."""
    table = read_table(path, options.delimiter, options.header)
    columns = find_columns(table, options)
    rows, problems = _used_rows(table, columns, options)
    reader = _RowReader(table, columns, options)
    items, faults = _items(rows, reader, path.name)
    problems += [fault.problem for fault in faults]
    classes = tuple(sorted({item.label for item in items}))
    if len(classes) < 2:
        raise too_few_classes(table, classes, faults, problems)
    return Catalog(
        root=reader.root,
        classes=classes,
        items=sorted_by_path(items),
        problems=tuple(problems),
        notes=(columns.note,) if columns.note else (),
    )


def _used_rows(
    table: Table, columns: Columns, options: TableOptions
) -> tuple[list[Row], list[Problem]]:
    """The rows whose labels are asked for, and a problem that counts the others.

    Raises ``DatasetError`` if there are only others.
    """
    if not options.labels:
        return table.rows, []
    used = [row for row in table.rows if cell(row, columns.label) in options.labels]
    unused = Counter(cell(row, columns.label) for row in table.rows) - Counter(
        cell(row, columns.label) for row in used
    )
    if not unused:
        return used, []
    counted = ", ".join(f"{label!r} ({count})" for label, count in sorted(unused.items()))
    if not used:
        raise _other_labels(table, columns, options, counted)
    reason = f"{unused.total()} rows are left out, whose labels are not asked for: {counted}"
    return used, [Problem(path=table.path, reason=reason)]


def _other_labels(
    table: Table, columns: Columns, options: TableOptions, counted: str
) -> DatasetError:
    asked = ", ".join(map(repr, options.labels))
    named = table.name_of(columns.label)
    reason = f"{named} holds none of the labels that are asked for ({asked}), but {counted}"
    return DatasetError(no_row_of_use(table, reason))


def _items(rows: list[Row], reader: _RowReader, name: str) -> tuple[list[Item], list[Fault]]:
    """The items of the rows that can be used, and the faults of the others."""
    items: dict[Path, Item] = {}
    faults = []
    for row in rows:
        try:
            item = reader.item(row)
            _refuse_second(item, items)
            items[item.path] = item
        except BadRowError as error:
            problem = Problem(path=error.path, reason=f"line {row.line} of {name}: {error}")
            faults.append(Fault(problem=problem, of_all=error.of_all))
    return list(items.values()), faults


def _refuse_second(item: Item, items: Mapping[Path, Item]) -> None:
    first = items.get(item.path)
    if first:
        as_what = "" if first.label == item.label else f" as {first.label!r}"
        raise BadRowError(item.path, f"the image is named before{as_what}")


class _RowReader:
    """Makes items of a table's rows."""

    def __init__(self, table: Table, columns: Columns, options: TableOptions) -> None:
        self.root = table.path.parent / (options.root or "")
        self._table = table
        self._columns = columns
        self._labels = options.labels

    def item(self, row: Row) -> Item:
        """The row's item; raises ``BadRowError``."""
        label = cell(row, self._columns.label)
        if not label:
            raise self._says_nothing(self._columns.label, "class")
        self._refuse_lines(label, "class")
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
            raise self._says_nothing(self._columns.path, "image")
        self._refuse_lines(name, "path")
        paths = [self.root / way for way in _ways_to_write(name.replace("\\", "/"))]
        found = next(filter(Path.is_file, paths), None)
        if found is None:
            raise self._not_there(paths[0])
        return found

    def _part(self, row: Row) -> Part | None:
        name = cell(row, self._columns.part)
        part = part_named(name)
        if name and part is None:
            raise self._no_part(name)
        return part

    def _refuse_lines(self, text: str, what: str) -> None:
        if "\n" in text:
            reason = f"its {what} goes over several lines; is a quote not closed?"
            raise BadRowError(self._table.path, reason)

    def _says_nothing(self, column: int, what: str) -> BadRowError:
        of_all = f"{self._table.name_of(column)} names no {what}"
        return BadRowError(self._table.path, f"it names no {what}", of_all)

    def _not_there(self, path: Path) -> BadRowError:
        of_all = (
            f"none of the files that {self._table.name_of(self._columns.path)} names is there; "
            "check that it is the column of paths (path_column), and the folder that paths start "
            "from (root)"
        )
        return BadRowError(path, "the file is not there", of_all)

    def _no_part(self, name: str) -> BadRowError:
        of_all = (
            f"{self._table.name_of(self._columns.part or 0)} holds other words than train, val "
            "and test; write these, or set no column of parts (part_column)"
        )
        reason = f"{name!r} is no part; use train, val or test"
        return BadRowError(self._table.path, reason, of_all)

    def _metadata(self, row: Row) -> dict[str, str]:
        taken = {self._columns.path, self._columns.label}
        names = self._table.header or [str(number) for number in range(1, len(row.cells) + 1)]
        cells = enumerate(zip(names, row.cells, strict=False))
        return {name: value.strip() for index, (name, value) in cells if index not in taken}


def _ways_to_write(name: str) -> Iterator[str]:
    """As it is, and with accents in either form: a table may come from another system."""
    yield name
    yield from (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))


def _recognises(path: Path) -> bool:
    return path.suffix.lower() in _ENDINGS and path.is_file()


def _offers(path: Path) -> dict[str, list[str]]:
    """The columns of this table, by their names or else their numbers."""
    table = read_beginning(path)
    numbers = map(str, range(1, len(table.rows[0].cells) + 1))
    columns = list(dict.fromkeys(filter(None, table.header or numbers)))
    return dict.fromkeys(("path_column", "label_column", "part_column", "group_column"), columns)


TABLE = DatasetReader(
    name="table",
    title="Table (CSV, TSV, text)",
    summary="A text table with a row for each image: its path, its class and, if wished, its part",
    recognises=_recognises,
    options=TableOptions,
    read=read_table_of_images,
    offers=_offers,
)
