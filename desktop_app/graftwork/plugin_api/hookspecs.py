"""What a plugin can add: one hook and one sentence each."""

from __future__ import annotations

from collections.abc import Iterable

from .backbones import Backbone, BackboneFamily
from .datasets import DatasetReader
from .markers import hookspec
from .strategies import Strategy


@hookspec
def register_backbones() -> Iterable[Backbone]:
    """Give the backbones that this plugin adds."""
    raise NotImplementedError


@hookspec
def register_backbone_families() -> Iterable[BackboneFamily]:
    """Give the families of backbones that this plugin finds by name."""
    raise NotImplementedError


@hookspec
def register_strategies() -> Iterable[Strategy]:
    """Give the strategies that this plugin adds."""
    raise NotImplementedError


@hookspec
def register_dataset_readers() -> Iterable[DatasetReader]:
    """Give the dataset readers that this plugin adds."""
    raise NotImplementedError
