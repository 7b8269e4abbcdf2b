"""Built-in backbones: EfficientNet-Lite, which needs no download, and torchvision's networks."""

from __future__ import annotations

from collections.abc import Iterable

from graftwork.plugin_api import Backbone, hookimpl

from .efficientnet_lite import EFFICIENTNET_LITE
from .torchvision_backbones import TORCHVISION

GRAFTWORK_API = 1


@hookimpl
def register_backbones() -> Iterable[Backbone]:
    """The built-in backbones, those that need no download first."""
    return (*EFFICIENTNET_LITE, *TORCHVISION)
