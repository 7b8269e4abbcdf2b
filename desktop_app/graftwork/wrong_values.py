"""Says in plain words what a settings model refuses: pydantic's are written for programmers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

# By pydantic's name for a kind of fault, or its first word; the fault fills the braces.
_WORDS = {
    "bool": "must be true or false",
    "dict": "must be names with values",
    "enum": "must be {expected}",
    "extra_forbidden": "is not known",
    "finite_number": "must be a number",
    "float": "must be a number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "int": "must be a whole number",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "list": "must be a list",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "none_required": "must be none",
    "string_type": "must be text",
    "value_error": "is not right: {error}",
}
_WITHOUT_VALUE = {"missing", "extra_forbidden", "value_error"}
_LONGEST = 60


@dataclass(frozen=True)
class WrongValue:
    """A setting that was refused; as a text, for example ``epochs must be at least 1, not 0``."""

    place: str
    """Its name, ``outer.inner`` for one within another; nothing for what is said of all together"""
    why: str
    """What it must be, or that it is not known, or missing"""
    given: str
    """What it was, where that tells something"""

    def __str__(self) -> str:
        said = f"{self.place} {self.why}" if self.place else self.why
        return f"{said}, not {self.given}" if self.given else said


def wrong_values(error: ValidationError) -> Iterator[WrongValue]:
    """All that a model refused."""
    for fault in error.errors():
        given = "" if fault["type"] in _WITHOUT_VALUE else _shortened(repr(fault["input"]))
        yield WrongValue(place=".".join(map(str, fault["loc"])), why=_why(fault), given=given)


def wrong_values_text(error: ValidationError) -> str:
    """All that a model refused, as one text without a full stop."""
    return "; ".join(map(str, wrong_values(error)))


def _why(fault: ErrorDetails) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "value_error" and not fault["loc"]:
        return str(context["error"])
    words = _WORDS.get(kind) or _WORDS.get(kind.partition("_")[0])
    return words.format(**context) if words else f"is not right: {fault['msg']}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
