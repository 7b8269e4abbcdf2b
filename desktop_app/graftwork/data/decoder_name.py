"""Tells one decoder from another, in the same words in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import packages_distributions, version
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType
from typing import Any

_DEPTH = 5  # objects within objects: enough for a decoder's settings, and an end for circles
_MISSING = "…"
_OWN = "graftwork"


def decoder_name(decoder: object) -> str:
    """The decoder's module and name, with a hash of its code, its settings and its version.

    Of a function of Graftwork the name says all, as long as the pixel pass has the same version.
    """
    name = _type_name(getattr(decoder, "func", decoder))
    if isinstance(decoder, FunctionType) and _package(name) == _OWN and "<" not in name:
        return name
    facts = (_facts(decoder, _DEPTH), _facts(_call_of(decoder), _DEPTH), _versions(_package(name)))
    return f"{name} {hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}"


def _package(name: str) -> str:
    return name.partition(".")[0]


def _versions(package: str) -> list[tuple[str, str]]:
    """Those of the distributions that a package came with; nothing where none can be read.

    A change in what the decoder calls is told by them alone.
    """
    with suppress(Exception):  # an installation that was cut short
        return sorted({(name, version(name)) for name in _distributions().get(package, ())})
    return []


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()  # reads what is known of every installed file


def _call_of(decoder: Any) -> object:
    """The code of an object that is called as a function is."""
    call = type(decoder).__call__
    return call if isinstance(call, FunctionType) else None


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
    FunctionType: lambda thing: (
        thing.__code__,
        thing.__defaults__,
        tuple(sorted((thing.__kwdefaults__ or {}).items())),
        *_captured(thing),
    ),
    frozenset: lambda thing: sorted(thing, key=repr),
}


def _type_name(thing: object) -> str:
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}.{named.__qualname__}"
