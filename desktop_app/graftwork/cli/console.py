"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graftwork.plugin_api import GraftworkError
from graftwork.wrong_values import wrong_values_text

DONE, FAILED, WRONG_USE, PARTLY_DONE, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: all done; nothing came of it; the call was not understood; some files were left
out; stopped by the user."""

LINES = "\n"
"""For ``shown``: sentences of our own may have several lines."""

# Names of others are no emoji codes.
results = Console(highlight=False, emoji=False, soft_wrap=True)
_wide = Console(highlight=False, emoji=False, width=1000)
messages = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


class WrongUseError(GraftworkError):
    """The call itself is wrong: a name, a setting or its value that cannot be."""


def speak_utf8() -> None:
    """Write UTF-8 with plain line ends, whatever the system's habit, so that pipes keep names."""
    for stream, errors in ((sys.stdout, "strict"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors, newline="\n")


def shown(text: str, keep: str = "") -> str:
    """Text of others, such as a name, as markup without any power over the terminal.

    Line breaks and all other control characters are written as Python would, those of ``keep``
    excepted, and so are marks that turn the direction of reading and bytes that are no UTF-8.
    """
    return escape("".join(c if c in keep or not _controls(c) else _escaped(c) for c in text))


def _controls(character: str) -> bool:
    """Joiners are format characters too, but words and pictures are written with them."""
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or "\u202a" <= character <= "\u202e"
        or "\u2066" <= character <= "\u2069"
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def print_json(value: Any) -> None:
    """One JSON document on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, fold_last: bool = False
) -> None:
    """A table without lines, never cut; in a terminal the last column can fold to its width.

    Cells are plain text: a row is one line, whatever a name holds.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], no_wrap=not fold_last)
    for row in rows:
        table.add_row(*map(shown, row))
    folds = fold_last and results.is_terminal
    (results if folds else _wide).print(table)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn the errors that a person can mend into a message and an exit code."""
    try:
        yield
    except WrongUseError as error:
        _fail(str(error), WRONG_USE)
    except GraftworkError as error:
        _fail(str(error))
    except ValidationError as error:
        _fail(_refused(error))
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or ''}")
    except KeyboardInterrupt:
        messages.print("Stopped.")
        raise SystemExit(INTERRUPTED) from None


@contextmanager
def wrong_use() -> Iterator[None]:
    """What cannot be right in the block is a fault of the call; raises ``WrongUseError``."""
    try:
        yield
    except GraftworkError as error:
        raise WrongUseError(str(error)) from error
    except ValidationError as error:
        raise WrongUseError(_refused(error)) from error


def _refused(error: ValidationError) -> str:
    return f"This cannot be set: {wrong_values_text(error)}."


def _fail(message: str, code: int = FAILED) -> None:
    messages.print(f"[red]Error:[/red] {shown(message, keep=LINES)}")
    raise SystemExit(code) from None
