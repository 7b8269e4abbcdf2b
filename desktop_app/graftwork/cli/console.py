"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graftwork.plugin_api import GraftworkError

DONE, FAILED, WRONG_USE, PARTLY_DONE, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: all done; nothing came of it; the call was not understood; some files were left
out; stopped by the user."""

results = Console(highlight=False, soft_wrap=True)
_wide = Console(highlight=False, width=1000)
messages = Console(stderr=True, highlight=False, soft_wrap=True)


def speak_utf8() -> None:
    """Write UTF-8 with plain line ends, whatever the system's habit, so that pipes keep names."""
    for stream, errors in ((sys.stdout, "strict"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors, newline="\n")


def print_json(value: Any) -> None:
    """One JSON document on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, fold_last: bool = False
) -> None:
    """A table without lines, never cut; in a terminal the last column can fold to its width."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], no_wrap=not fold_last)
    for row in rows:
        table.add_row(*row)
    folds = fold_last and results.is_terminal
    (results if folds else _wide).print(table)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn the errors that a person can mend into a message and an exit code."""
    try:
        yield
    except GraftworkError as error:
        _fail(str(error))
    except ValidationError as error:
        _fail("; ".join(f"{_location(e['loc'])}: {e['msg']}" for e in error.errors()))
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or ''}")
    except KeyboardInterrupt:
        messages.print("Stopped.")
        raise SystemExit(INTERRUPTED) from None


def _fail(message: str) -> None:
    messages.print(f"[red]Error:[/red] {escape(message)}")
    raise SystemExit(FAILED) from None


def _location(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "settings"
