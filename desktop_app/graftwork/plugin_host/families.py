"""Backbones by name: those that plugins list, and any network of a family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from graftwork.plugin_api import Backbone, BackboneFamily, GraftworkError

from .checks import BadDescriptorError, check_descriptor

T = TypeVar("T")


def network_names(family: BackboneFamily) -> list[str]:
    """The whole names of all its networks; raises ``GraftworkError`` if the plugin fails."""
    networks = _answer(family, lambda it: [str(name) for name in it.networks()])
    return [f"{family.name}/{network}" for network in networks]


def _answer(family: BackboneFamily, ask: Callable[[BackboneFamily], T]) -> T:
    """What the plugin says; sys.exit() in it is a failure like any other."""
    try:
        return ask(family)
    except GraftworkError:
        raise
    except (Exception, SystemExit) as error:
        msg = (
            f"The family {family.name} failed when it was asked for its networks "
            f"({type(error).__name__}: {error}). Tell the plugin's author."
        )
        raise GraftworkError(msg) from error


class Backbones(Mapping[str, Backbone]):
    """Lists what plugins gave one by one, and finds ``family/network`` when it is asked for.

    Whether a family has a network is only known once it is asked for it: ``in`` says yes to any
    name that begins with a family's, and the look-up raises ``GraftworkError`` with the names that
    come near.
    """

    def __init__(
        self, listed: Mapping[str, Backbone], families: Mapping[str, BackboneFamily]
    ) -> None:
        self._listed = listed
        self._families = families
        self._found: dict[str, Backbone] = {}

    def __getitem__(self, name: str) -> Backbone:
        if name in self._listed:
            return self._listed[name]
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        family, slash, _ = str(name).partition("/")
        return name in self._listed or (bool(slash) and family in self._families)

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def _find(self, name: str) -> Backbone:
        family, slash, network = name.partition("/")
        if not slash or family not in self._families:
            raise KeyError(name)
        found = _answer(self._families[family], lambda it: it.find(network))
        try:
            check_descriptor(found, Backbone)
        except BadDescriptorError as error:
            msg = f"The family {family} does not describe {network} as it should: {error}"
            raise GraftworkError(msg) from error
        return found
