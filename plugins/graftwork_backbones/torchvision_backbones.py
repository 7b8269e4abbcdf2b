"""Torchvision's networks as backbones."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.plugin_api import Backbone, DownloadedWeights, Preprocessing

from .torchvision_networks import NETWORKS, Network

if TYPE_CHECKING:
    from torch import nn

_ADDRESS = "https://download.pytorch.org/models/"


def _build(name: str, weights: Path | None) -> nn.Sequential:
    from .torchvision_stages import build_stages

    return build_stages(name, weights)


def _resize_patches(stages: nn.Sequential, size: int) -> None:
    from .torchvision_stages import resize_patches

    resize_patches(stages, size)


def _preprocessing(network: Network) -> Preprocessing:
    return Preprocessing(
        size=network.size,
        crop_fraction=network.size / network.resized,
        interpolation=network.interpolation,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
    )


def _weights(network: Network) -> DownloadedWeights:
    return DownloadedWeights(
        url=_ADDRESS + network.file,
        sha256=network.sha256,
        size=round(network.mebibytes * 2**20),
    )


def _backbone(network: Network) -> Backbone:
    return Backbone(
        name=network.name.replace("_", "-"),
        title=network.title,
        summary=network.summary,
        build=partial(_build, network.name),
        preprocessing=_preprocessing(network),
        features=network.features,
        parameters=network.parameters,
        licence="BSD-3-Clause",
        weights=_weights(network),
        resize=_resize_patches if network.name.startswith("vit") else None,
    )


TORCHVISION = tuple(_backbone(network) for network in NETWORKS)
