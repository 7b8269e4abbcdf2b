"""Tells one decoder from another, in the same words in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType
from typing import Any

_DEPTH = 5  # objects within objects: enough for a decoder's settings, and an end for circles
_MISSING = "…"


def decoder_name(decoder: object) -> str:
    """The decoder's module and name, with a hash of its settings and of code without a name."""
    if isinstance(decoder, FunctionType) and "<" not in decoder.__qualname__:
        return _type_name(decoder)
    facts = hashlib.sha256(repr(_facts(decoder, _DEPTH)).encode()).hexdigest()
    return f"{_type_name(getattr(decoder, 'func', decoder))} {facts[:16]}"


def _facts(thing: Any, depth: int) -> object:
    """Nested tuples of plain values; what may change with use, such as a list, is left out."""
    if isinstance(thing, str | bytes | int | float | complex | None):
        return thing
    if isinstance(thing, PurePath):
        return str(thing)
    if depth == 0:
        return _MISSING
    return (_type_name(thing), *(_facts(part, depth - 1) for part in _parts(thing)))


def _parts(thing: Any) -> Iterable[Any]:
    """What decides how the thing decodes."""
    return _PARTS.get(type(thing), _fields)(thing)


def _fields(thing: Any) -> Iterable[Any]:
    names = {*getattr(thing, "__dict__", ()), *getattr(thing, "__slots__", ())}
    own = sorted(name for name in names if not name.startswith("__"))
    return [(name, getattr(thing, name, _MISSING)) for name in own]


def _captured(function: FunctionType) -> tuple[Any, ...]:
    contents = []
    for cell in function.__closure__ or ():
        try:
            contents.append(cell.cell_contents)
        except ValueError:  # a name that has no value yet
            contents.append(_MISSING)
    return tuple(contents)


_PARTS: dict[type, Callable[[Any], Iterable[Any]]] = {
    tuple: lambda thing: thing,
    type: lambda _: (),
    partial: lambda thing: (thing.func, thing.args, tuple(sorted(thing.keywords.items()))),
    MethodType: lambda thing: (thing.__func__, thing.__self__),
    CodeType: lambda thing: (thing.co_code, thing.co_names, thing.co_consts),
    FunctionType: lambda thing: (thing.__code__, thing.__defaults__, *_captured(thing)),
}


def _type_name(thing: object) -> str:
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}.{named.__qualname__}"
