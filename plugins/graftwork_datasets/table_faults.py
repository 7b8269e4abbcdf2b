"""What can be wrong with rows of a table, and what is said if too few of them can be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graftwork.plugin_api import DatasetError, Problem

from .table_text import Table


class BadRowError(Exception):
    """A row that cannot be used, and why; ``of_all`` says it where it is so of all rows."""

    def __init__(self, path: Path, reason: str, of_all: str = "") -> None:
        super().__init__(reason)
        self.path = path
        self.of_all = of_all


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one row; ``of_all`` says it where it is so of all rows."""

    problem: Problem
    of_all: str


def no_row_of_use(table: Table, reason: str) -> str:
    """What is said where one reason stands against every row."""
    return f"No row of {table.path} can be used: {reason}. Its columns are {table.columns}."


def too_few_classes(
    table: Table, classes: Sequence[str], faults: Sequence[Fault], problems: Sequence[Problem]
) -> DatasetError:
    """The refusal of a table with less than two classes, with its first problems."""
    reasons = {fault.of_all for fault in faults}
    of_all = reasons.pop() if len(reasons) == 1 and not classes else ""
    said = no_row_of_use(table, of_all) if of_all else _too_few(table, classes)
    first = "".join(f"\n{problem.path}: {problem.reason}" for problem in problems[:3])
    return DatasetError(f"{said}{first}")


def _too_few(table: Table, classes: Sequence[str]) -> str:
    found = f"images of one class only ({classes[0]!r})" if classes else "no image that is there"
    return (
        f"{table.path} names {found}; two classes are needed. "
        f"Its columns are {table.columns}; check that the right ones are set, "
        "and the folder that paths start from (root)."
    )
