"""What all plugins gave, by name, and what went wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal, TypeVar

from graftwork.plugin_api import (
    Backbone,
    BackboneFamily,
    DatasetReader,
    GraftworkError,
    Strategy,
)

FailedStep = Literal["import", "version", "registration", "descriptor"]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class LoadedPlugin:
    """A plugin that is in use, where it comes from, and the names of what it added.

    ``distribution`` and ``version`` are those of the installed package; None if there is none.
    """

    name: str
    distribution: str | None = None
    version: str | None = None
    backbones: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PluginFailure:
    """Something that a plugin did wrong and what that cost, with the traceback for its author.

    At "import" and "version" the whole plugin is left out, at "registration" the plugin or one of
    its hooks, at "descriptor" a single backbone, family, strategy or reader.
    """

    plugin: str
    distribution: str | None
    step: FailedStep
    message: str
    traceback: str


class UnknownNameError(GraftworkError):
    """No plugin gives what was asked for; the message has the nearest names that exist."""


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All that plugins gave, in the order in which it was registered, built-ins first.

    ``backbones`` lists those that plugins gave one by one, and finds those of ``families`` too.
    """

    backbones: Mapping[str, Backbone] = field(default_factory=dict)
    families: Mapping[str, BackboneFamily] = field(default_factory=dict)
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    readers: Mapping[str, DatasetReader] = field(default_factory=dict)
    plugins: tuple[LoadedPlugin, ...] = ()
    failures: tuple[PluginFailure, ...] = ()

    def backbone(self, name: str) -> Backbone:
        """The backbone of this name; raises ``GraftworkError`` with the names that come near."""
        return self._look_up("backbone", self.backbones, name)

    def strategy(self, name: str) -> Strategy:
        """The strategy of this name; raises ``UnknownNameError``."""
        return self._look_up("strategy", self.strategies, name)

    def reader(self, name: str) -> DatasetReader:
        """The dataset reader of this name; raises ``UnknownNameError``."""
        return self._look_up("dataset reader", self.readers, name)

    def _look_up(self, kind: str, known: Mapping[str, T], name: str) -> T:
        if name in known:
            return known[name]
        hint = _hint(name, list(known)) + _failed_plugins(self.failures)
        raise UnknownNameError(f"There is no {kind} '{name}'. {hint}")


def _hint(name: str, known: list[str]) -> str:
    if near := get_close_matches(name, known):
        return f"Did you mean {' or '.join(near)}?"
    return f"There are: {', '.join(known) or 'none (is a plugin missing?)'}."


def _failed_plugins(failures: tuple[PluginFailure, ...]) -> str:
    names = sorted({failure.plugin for failure in failures})
    if not names:
        return ""
    return f" Not all of {', '.join(names)} could be used: see 'graftwork plugins'."
