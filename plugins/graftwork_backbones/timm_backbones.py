"""Networks of the library timm as backbones: a few that are listed, and any other by its name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.plugin_api import (
    Backbone,
    BackboneFamily,
    DownloadedWeights,
    NoWeights,
    Preprocessing,
    WeightsSource,
)

from .timm_network import TimmNetwork

if TYPE_CHECKING:
    from torch import nn


def _build(name: str, weights: Path | None) -> nn.Sequential:
    from .timm_networks import build_stages

    return build_stages(name, weights)


def _resize(name: str, stages: nn.Sequential, size: int) -> None:
    from .timm_networks import resize_stages

    resize_stages(name, stages, size)


def _names() -> Sequence[str]:
    from .timm_facts import network_names

    return network_names()


def _find(name: str) -> Backbone:
    from .timm_facts import facts_of

    summary = "One of timm's networks; its documentation says what it is good at."
    return backbone(facts_of(name), title=f"timm {name}", summary=summary)


def backbone(network: TimmNetwork, *, title: str, summary: str) -> Backbone:
    """The network as a backbone."""
    return Backbone(
        name=f"timm/{network.name}",
        title=title,
        summary=summary,
        build=partial(_build, network.name),
        preprocessing=_preprocessing(network),
        features=network.features,
        parameters=network.parameters,
        licence=network.licence,
        weights=_weights(network),
        min_size=network.min_size,
        resize=partial(_resize, network.name) if network.fixed else None,
    )


def _preprocessing(network: TimmNetwork) -> Preprocessing:
    return Preprocessing(
        size=network.size,
        crop_fraction=network.crop_fraction,
        interpolation=network.interpolation,
        mean=network.mean,
        std=network.std,
    )


def _weights(network: TimmNetwork) -> WeightsSource:
    if network.url is None:
        return NoWeights()
    on_the_hub = network.url.endswith("/model.safetensors")  # as all files there are called
    return DownloadedWeights(
        url=network.url,
        sha256=network.sha256,
        saved_as=f"timm-{network.name}.safetensors" if on_the_hub else None,
    )


TIMM = BackboneFamily(
    name="timm",
    title="timm",
    summary="More than a thousand networks of the library timm, with weights from its hub.",
    networks=_names,
    find=_find,
)
