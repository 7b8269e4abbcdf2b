"""Finds plugins, without loading them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from graftwork.plugin_api import ENTRY_POINT_GROUP

BUILT_IN_DISTRIBUTION = "graftwork"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A plugin before it is loaded; ``distribution`` is the installed package it came with."""

    name: str
    load: Callable[[], object]
    distribution: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution})" if self.distribution else self.name


def installed_candidates() -> list[Candidate]:
    """All installed plugins: Graftwork's own first, then by entry point name."""
    return sorted(map(_candidate, entry_points(group=ENTRY_POINT_GROUP)), key=_place)


def _candidate(entry_point: EntryPoint) -> Candidate:
    distribution, version = _origin(entry_point)
    return Candidate(
        name=entry_point.name,
        load=entry_point.load,
        distribution=distribution,
        version=version,
    )


def _origin(entry_point: EntryPoint) -> tuple[str | None, str | None]:
    """Distribution and version; nothing where an installation was cut short in the middle."""
    with suppress(Exception):
        if distribution := entry_point.dist:
            return distribution.name, distribution.version
    return None, None


def _place(candidate: Candidate) -> tuple[bool, str, str]:
    is_third_party = candidate.distribution != BUILT_IN_DISTRIBUTION
    return (is_third_party, candidate.name, candidate.distribution or "")
