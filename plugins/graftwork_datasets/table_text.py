"""From the text of a table to its columns and rows."""

from __future__ import annotations

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

from graftwork.plugin_api import DatasetError

from .names import names_image

Delimiter = Literal["auto", "comma", "tab", "semicolon", "blanks"]
Header = Literal["auto", "yes", "no"]

_CHARACTERS = {"tab": "\t", "semicolon": ";", "comma": ","}
_PROBED_LINES = 20
_BEGINNING = 2**16  # bytes in which these stand, unless cells are very long


@dataclass(frozen=True)
class Row:
    """The cells of one row, and the line on which it ends, counted from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A table's rows (at least one); ``header`` names its columns if it has one."""

    path: Path
    header: list[str] | None
    rows: list[Row]

    @property
    def columns(self) -> str:
        """The columns by number, each with its name or else its first cell."""
        cells = self.header or self.rows[0].cells
        return ", ".join(f"{number}: {cell}" for number, cell in enumerate(cells, 1))

    def name_of(self, column: int) -> str:
        """What the column at this index is called in a message: by its name, else its number."""
        named = dict(enumerate(self.header or [])).get(column)
        return f"column {named!r}" if named else f"column {column + 1}"

    def column(self, wanted: str) -> int:
        """The index of a column given by name or by number from 1; raises ``DatasetError``."""
        names = [name.lower() for name in self.header or []]
        if wanted.lower() in names:
            return names.index(wanted.lower())
        if wanted.isdecimal() and 1 <= int(wanted) <= len(self.rows[0].cells):
            return int(wanted) - 1
        msg = f"{self.path.name} has no column {wanted!r}. Its columns are {self.columns}."
        raise DatasetError(msg)


def read_table(path: Path, delimiter: Delimiter, header: Header) -> Table:
    """The table in a text file; raises ``DatasetError`` if it holds no rows."""
    return _table(path, _text(path), delimiter, header)


def read_beginning(path: Path) -> Table:
    """The first rows of the table, as it is understood by itself; raises ``DatasetError``."""
    lines = _lines(_text(path, _BEGINNING))
    return _table(path, "\n".join(lines[:_PROBED_LINES]), "auto", "auto")


def _table(path: Path, text: str, delimiter: Delimiter, header: Header) -> Table:
    rows = list(_rows(text, _delimiter(path, text) if delimiter == "auto" else delimiter))
    has_header = header == "yes" or (header == "auto" and not _names_an_image(rows[:1]))
    names = [cell.strip() for row in rows[:1] for cell in row.cells] if has_header else None
    if len(rows) <= has_header:
        raise _no_rows(path)
    return Table(path, names, rows[has_header:])


def _no_rows(path: Path) -> DatasetError:
    return DatasetError(
        f"{path} holds no rows. It should hold one for each image: its path and its class."
    )


def _text(path: Path, most: int = -1) -> str:
    """All of it, or what its first ``most`` bytes hold."""
    try:
        with path.open("rb") as file:
            content = file.read(most)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise DatasetError(msg) from error
    text = _decoded(content, whole=most < 0)
    if text is None or "\0" in text:
        msg = f"{path} is not a text table. If it is a spreadsheet, save its sheet as CSV."
        raise DatasetError(msg)
    return text


def _decoded(content: bytes, *, whole: bool) -> str | None:
    """UTF-16 where a byte order mark says so (Excel's "Unicode text"), UTF-8, or else cp1252."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return _decoded_as("utf-16", content, whole=whole)
    text = _decoded_as("utf-8-sig", content, whole=whole)
    return content.decode("cp1252", errors="replace") if text is None else text


def _decoded_as(encoding: str, content: bytes, *, whole: bool) -> str | None:
    """The text; of one that is not whole, without a character that is cut off."""
    try:
        return getincrementaldecoder(encoding)().decode(content, final=whole)
    except UnicodeDecodeError:
        return None


def _delimiter(path: Path, text: str) -> Delimiter:
    """The first that cuts most of the first lines into equally many cells, or as a header does."""
    lines = [line for line in _lines(text) if line.strip()][:_PROBED_LINES]
    if not lines:
        raise _no_rows(path)
    candidates: tuple[Delimiter, ...] = ("tab", "semicolon", "comma", "blanks")
    for delimiter in candidates:
        widths = Counter(_widths(lines, delimiter)).most_common(1)
        if any(width > 1 and count > len(lines) / 2 for width, count in widths):
            return delimiter
    for delimiter in candidates[:-1]:  # blanks stand within cells, too
        if _fits_the_header(_widths(lines, delimiter)):
            return delimiter
    msg = f"What stands between the columns of {path} is not clear: set the delimiter."
    raise DatasetError(msg)


def _widths(lines: list[str], delimiter: Delimiter) -> list[int]:
    return [len(row.cells) for row in _rows("\n".join(lines), delimiter)]


def _fits_the_header(widths: list[int]) -> bool:
    """Whether most rows have two cells or more, and no more than the first: some may miss.

    A quote that is not closed makes one row of many lines, so rows count here and not lines.
    """
    fitting = sum(2 <= width <= widths[0] for width in widths)
    return fitting > max(1, len(widths) / 2)


def _rows(text: str, delimiter: Delimiter) -> Iterator[Row]:
    lines = _lines(text)
    if delimiter == "blanks":
        yield from (
            Row(number, line.split()) for number, line in enumerate(lines, 1) if line.split()
        )
        return
    ended = [f"{line}\n" for line in lines]  # a cell in quotes may hold several lines
    reader = csv.reader(ended, delimiter=_CHARACTERS[delimiter], skipinitialspace=True)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield Row(reader.line_num, cells)


def _lines(text: str) -> list[str]:
    """Cut at ends of lines alone: ``str.splitlines`` cuts at separators within cells, too."""
    return [line.removesuffix("\n") for line in StringIO(text, newline=None)]


def _names_an_image(rows: list[Row]) -> bool:
    return any(names_image(cell.strip()) for row in rows for cell in row.cells)
