"""Built-in backbones: EfficientNet-Lite, which needs no download, torchvision's and timm's."""

from __future__ import annotations

from collections.abc import Iterable

from graftwork.plugin_api import Backbone, BackboneFamily, hookimpl

from .efficientnet_lite import EFFICIENTNET_LITE
from .timm_backbones import TIMM
from .timm_listed import LISTED
from .torchvision_backbones import TORCHVISION

GRAFTWORK_API = 1


@hookimpl
def register_backbones() -> Iterable[Backbone]:
    """The built-in backbones, those that need no download first."""
    return (*EFFICIENTNET_LITE, *TORCHVISION, *LISTED)


@hookimpl
def register_backbone_families() -> Iterable[BackboneFamily]:
    """Every other network of timm, by its name."""
    return (TIMM,)
