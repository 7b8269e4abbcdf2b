"""A tiny real backbone, as a plugin: three convolutions, 16 features, 32-pixel input."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from graftwork.plugin_api import Backbone, NoWeights, Preprocessing, hookimpl

GRAFTWORK_API = 1


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def build_tiny(weights: Path | None) -> nn.Sequential:
    """Weights are always the same random ones, so that tests repeat."""
    assert weights is None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        stages = nn.Sequential()
        stages.add_module("stem", _stage(3, 8))
        stages.add_module("middle", _stage(8, 16))
        stages.add_module("top", _stage(16, 16))
        stages.add_module("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    return stages


TINY = Backbone(
    name="tiny",
    title="Tiny",
    summary="For tests",
    build=build_tiny,
    preprocessing=Preprocessing(
        size=32,
        crop_fraction=0.875,
        interpolation="bilinear",
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    ),
    features=16,
    parameters=3_752,
    licence="MIT",
    weights=NoWeights(),
)


@hookimpl
def register_backbones() -> Iterable[Backbone]:
    return [TINY]


PLUGIN = sys.modules[__name__]
"""This module, to be registered as a plugin."""
