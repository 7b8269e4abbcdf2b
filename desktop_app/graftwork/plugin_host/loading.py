"""Loads plugins one by one; what one of them does wrong costs no other.

Each plugin is registered with a pluggy manager of its own, so that a hook that raises is known to
be this plugin's and leaves nothing half registered.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from traceback import format_exception, format_exception_only
from typing import Any

import pluggy

from graftwork.plugin_api import (
    API_VERSION,
    Backbone,
    BackboneFamily,
    DatasetReader,
    Strategy,
    hookspecs,
)

from .candidates import Candidate, installed_candidates
from .checks import BadDescriptorError, Descriptor, check_descriptor
from .families import Backbones
from .registry import FailedStep, LoadedPlugin, PluginFailure, Registry

_STATEMENT = f"GRAFTWORK_API = {API_VERSION}"


class PluginError(Exception):
    """A plugin as a whole cannot be used; the message says why."""


def load_plugins() -> Registry:
    """All that the installed plugins give: Graftwork's own first, then by entry point name."""
    return _Loading().run(installed_candidates())


def build_registry(plugins: Iterable[tuple[str, object]]) -> Registry:
    """What these (name, plugin) pairs give, in their order, loaded with the same care."""
    return _Loading().run(_in_memory(name, plugin) for name, plugin in plugins)


def _in_memory(name: str, plugin: object) -> Candidate:
    return Candidate(name=name, load=lambda: plugin)


@dataclass
class _Shelf:
    """Descriptors of one kind by name, and which plugin gave each."""

    kind: type[Descriptor]
    items: dict[str, Any] = field(default_factory=dict)
    owners: dict[str, Candidate] = field(default_factory=dict)

    def add(self, descriptor: Any, owner: Candidate) -> None:
        check_descriptor(descriptor, self.kind)
        name: str = descriptor.name
        if name in self.owners:
            raise BadDescriptorError(
                f"{self.kind.__name__} '{name}' of plugin {owner} is left out: plugin "
                f"{self.owners[name]} has one of this name. One of the two must be renamed."
            )
        self.items[name] = descriptor
        self.owners[name] = owner

    def names_of(self, owner: Candidate) -> tuple[str, ...]:
        return tuple(name for name, its_owner in self.owners.items() if its_owner is owner)


def _shelves() -> dict[str, _Shelf]:
    return {
        "register_backbones": _Shelf(Backbone),
        "register_backbone_families": _Shelf(BackboneFamily),
        "register_strategies": _Shelf(Strategy),
        "register_dataset_readers": _Shelf(DatasetReader),
    }


@dataclass
class _Loading:
    """One pass over all plugins; ``shelves`` are by the hook that fills them."""

    shelves: dict[str, _Shelf] = field(default_factory=_shelves)
    plugins: list[LoadedPlugin] = field(default_factory=list)
    failures: list[PluginFailure] = field(default_factory=list)

    def run(self, candidates: Iterable[Candidate]) -> Registry:
        for candidate in candidates:
            self._load(candidate)
        backbones, families, strategies, readers = (s.items for s in self.shelves.values())
        return Registry(
            backbones=Backbones(backbones, families),
            families=families,
            strategies=strategies,
            readers=readers,
            plugins=tuple(self.plugins),
            failures=tuple(self.failures),
        )

    def _load(self, candidate: Candidate) -> None:
        with redirect_stdout(sys.stderr):  # what a plugin prints is no part of any result
            manager = self._register(candidate)
            if manager is None:
                return
            for hook_name in self.shelves:
                self._call(candidate, hook_name, getattr(manager.hook, hook_name))
        self.plugins.append(self._loaded(candidate))

    def _register(self, candidate: Candidate) -> pluggy.PluginManager | None:
        with self._guard(candidate, "import"):
            plugin = candidate.load()
            with self._guard(candidate, "version"):
                _check_version(plugin)
                with self._guard(candidate, "registration"):
                    return _manager_of(plugin)
        return None

    def _call(self, candidate: Candidate, hook_name: str, hook: pluggy.HookCaller) -> None:
        if not hook.get_hookimpls():
            return
        with self._guard(candidate, "registration"):
            for descriptor in _given(hook_name, hook()):
                with self._guard(candidate, "descriptor"):
                    self.shelves[hook_name].add(descriptor, candidate)

    def _loaded(self, candidate: Candidate) -> LoadedPlugin:
        backbones, families, strategies, readers = (
            shelf.names_of(candidate) for shelf in self.shelves.values()
        )
        return LoadedPlugin(
            name=candidate.name,
            distribution=candidate.distribution,
            version=candidate.version,
            backbones=backbones,
            families=families,
            strategies=strategies,
            readers=readers,
        )

    @contextmanager
    def _guard(self, candidate: Candidate, step: FailedStep) -> Iterator[None]:
        """Keep what goes wrong inside as a failure; sys.exit() in a plugin counts as such."""
        try:
            yield
        except (Exception, SystemExit) as error:
            self.failures.append(_failure(candidate, step, error))


def _check_version(plugin: object) -> None:
    version = getattr(plugin, "GRAFTWORK_API", None)
    if not isinstance(version, int):
        raise PluginError(f"It does not say for which plugin API it was written: add {_STATEMENT}")
    if version > API_VERSION:
        raise PluginError(
            f"It was written for version {version} of the plugin API, and this Graftwork knows "
            f"versions up to {API_VERSION}. Update Graftwork, or install an older plugin."
        )


def _manager_of(plugin: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager("graftwork")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    if not manager.get_hookcallers(plugin):
        raise PluginError("It adds nothing: no function in it is marked with @hookimpl")
    return manager


def _given(hook_name: str, results: list[Any]) -> Iterator[Any]:
    """The descriptors in a hook's results: pluggy leaves out an implementation that gave None."""
    if not results:
        raise PluginError(f"{hook_name} returned nothing: it must return a list")
    for result in results:
        yield from result


def _failure(
    candidate: Candidate, step: FailedStep, error: Exception | SystemExit
) -> PluginFailure:
    is_ours = isinstance(error, PluginError | BadDescriptorError)
    return PluginFailure(
        plugin=candidate.name,
        distribution=candidate.distribution,
        step=step,
        message=str(error) if is_ours else format_exception_only(error)[-1].strip(),
        traceback="".join(format_exception(error)),
    )
