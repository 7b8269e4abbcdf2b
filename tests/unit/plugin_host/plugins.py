"""Descriptors and throwaway plugins for the tests of the plugin host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel

from graftwork.plugin_api import (
    HEAD,
    BackboneFamily,
    BackboneOutline,
    Catalog,
    DataOutline,
    DatasetReader,
    Phase,
    Plan,
    Strategy,
    hookimpl,
)
from support.tiny import TINY

BACKBONE = TINY
FAMILY = BackboneFamily(
    name="family",
    title="Family",
    summary="For tests",
    networks=lambda: ["one", "two"],
    find=lambda network: replace(TINY, name=f"family/{network}"),
)


class Nothing(BaseModel):
    """Nothing can be set."""


def plan(_settings: Nothing, _backbone: BackboneOutline, _data: DataOutline) -> Plan:
    yield Phase(name="Head", epochs=1, rates={HEAD: 0.01})


def read(path: Path, _options: Nothing) -> Catalog:
    return Catalog(root=path, classes=(), items=())


STRATEGY = Strategy(
    name="strategy", title="Strategy", summary="For tests", settings=Nothing, plan=plan
)
READER = DatasetReader(
    name="reader",
    title="Reader",
    summary="For tests",
    recognises=Path.is_dir,
    options=Nothing,
    read=read,
)


def named(descriptor: Any, name: str) -> Any:
    return replace(descriptor, name=name)


def plugin(**members: object) -> SimpleNamespace:
    """A plugin that states the API version and holds these members."""
    return SimpleNamespace(**{"GRAFTWORK_API": 1, **members})


def hooks(**given: Iterable[Any] | None) -> SimpleNamespace:
    """A plugin whose hooks give these descriptors."""
    return plugin(**{name: _hook(descriptors) for name, descriptors in given.items()})


def _hook(descriptors: Iterable[Any] | None) -> Callable[[], Iterable[Any] | None]:
    @hookimpl
    def hook() -> Iterable[Any] | None:
        return descriptors

    return hook


ALL_FOUR: Mapping[str, Any] = {
    "register_backbones": BACKBONE,
    "register_backbone_families": FAMILY,
    "register_strategies": STRATEGY,
    "register_dataset_readers": READER,
}
