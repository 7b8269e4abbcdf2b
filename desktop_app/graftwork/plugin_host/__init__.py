"""Finds, loads and checks plugins, and keeps what failed."""

from .loading import build_registry, load_plugins
from .registry import LoadedPlugin, PluginFailure, Registry, UnknownNameError

__all__ = [
    "LoadedPlugin",
    "PluginFailure",
    "Registry",
    "UnknownNameError",
    "build_registry",
    "load_plugins",
]
