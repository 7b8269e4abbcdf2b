"""What timm knows of a network, as plain data; asking it takes seconds, as it needs torch."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import Any

import timm
import torch
from torch import nn

from graftwork.plugin_api import GraftworkError, Interpolation

from .timm_network import TimmNetwork
from .timm_networks import headless

_HUB = "https://huggingface.co"
_LICENCES = {"apache-2.0": "Apache-2.0", "mit": "MIT", "bsd-3-clause": "BSD-3-Clause"}
_DIGEST = re.compile(r"-([0-9a-f]{8,64})\.(?:pth|pt|pth\.tar)$")


@cache
def network_names() -> list[str]:
    """All networks of timm that have pretrained weights, each with the name of its weights."""
    return list(timm.list_pretrained())


def facts_of(name: str) -> TimmNetwork:
    """The facts of one network; raises ``GraftworkError`` if timm has none of this name."""
    if name not in network_names() and name not in timm.list_models():
        raise GraftworkError(_unknown(name))
    settings: Any = timm.get_pretrained_cfg(name)
    network = _shape_of(name)
    url, sha256 = _source(settings)
    return TimmNetwork(
        name=name,
        features=_features(network, settings.input_size),
        parameters=sum(weight.numel() for weight in network.parameters()),
        size=settings.input_size[-1],
        min_size=max((settings.min_input_size or (32,))[-1], 32),
        fixed=bool(settings.fixed_input_size),
        crop_fraction=min(settings.crop_pct, 1.0),
        interpolation=_interpolation(settings.interpolation),
        mean=tuple(settings.mean),
        std=tuple(settings.std),
        licence=_LICENCES.get(settings.license, settings.license) or "not stated",
        url=url,
        sha256=sha256,
    )


def _unknown(name: str) -> str:
    near = get_close_matches(name, [*network_names(), *timm.list_models()], n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else "It has others: see its documentation."
    return f"timm has no network {name!r}. {hint}"


def _shape_of(name: str) -> Any:
    """The network without memory for its weights, where it can be built in this way."""
    try:
        with torch.device("meta"):
            return headless(name)
    except (RuntimeError, NotImplementedError):
        return headless(name)


def _features(network: nn.Module, input_size: tuple[int, int, int]) -> int:
    weight = next(network.parameters())
    images = torch.zeros(1, *input_size, device=weight.device)
    with torch.inference_mode():
        return int(network.eval()(images).shape[1])


def _source(settings: Any) -> tuple[str | None, str]:
    """The address that states a digest, or else that of timm's hub."""
    if found := _DIGEST.search(settings.url or ""):
        return settings.url, found[1]
    if settings.hf_hub_id:
        return f"{_HUB}/{settings.hf_hub_id}/resolve/main/model.safetensors", ""
    return (None if settings.custom_load else settings.url or None), ""


def _interpolation(name: str) -> Interpolation:
    return "bilinear" if name == "bilinear" else "bicubic"
