"""What a plugin's reader may give in place of a catalog: types are only promised, not checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from graftwork.plugin_api import Catalog, Item, Part, Problem

_PARTS = (None, *get_args(Part))


def fault_of(catalog: object) -> str:
    """The first thing in it that is not of its type, in words; empty if all is as it should be."""
    if not isinstance(catalog, Catalog):
        return f"{type(catalog).__name__} where a Catalog is due"
    for name in ("classes", "items", "problems", "notes"):
        values = getattr(catalog, name)
        if isinstance(values, str) or not isinstance(values, Sequence):
            return f"{name} that are no tuple: {values!r:.80}"
        if wrong := [value for value in values if not _GOOD[name](value)]:
            return f"among {name}: {wrong[0]!r:.200}"
    return ""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_class(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_item(value: object) -> bool:
    return (
        isinstance(value, Item)
        and isinstance(value.path, Path)
        and isinstance(value.label, str)
        and value.part in _PARTS
        and isinstance(value.group, str | None)
    )


def _is_problem(value: object) -> bool:
    return isinstance(value, Problem) and isinstance(value.path, Path) and _is_text(value.reason)


_GOOD = {"classes": _is_class, "items": _is_item, "problems": _is_problem, "notes": _is_text}
