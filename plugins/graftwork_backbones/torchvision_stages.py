"""Torchvision's networks taken apart into named stages, bottom first, without their classifier.

The modules are torchvision's own; only what its ``forward`` methods do between them is said again
here. Maps of features are (N, C, H, W), but (N, H, W, C) in Swin's stages and (N, tokens, C) in
ViT's blocks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import get_model

from graftwork.plugin_api import GraftworkError

Stages = dict[str, nn.Module]


def build_stages(name: str, weights: Path | None) -> nn.Sequential:
    """The network of this name in torchvision as stages, with weights from a file if given."""
    network = get_model(name, weights=None)
    if weights is not None:
        network.load_state_dict(_read_weights(weights))
    return split(name, network)


def split(name: str, network: nn.Module) -> nn.Sequential:
    """The stages of a network that torchvision built under this name; they share its modules."""
    family = name.partition("_")[0].rstrip("0123456789")
    stages = nn.Sequential()
    for stage_name, stage in _FAMILIES[family](network).items():
        stages.add_module(stage_name, stage)
    return stages


def _read_weights(path: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    for name in list(state):
        state[_present_name(name)] = state.pop(name)
    return state


def _present_name(name: str) -> str:
    """DenseNet's published weights still call "norm1" "norm.1"."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name)


def _numbered(stages: Any) -> Stages:
    return {f"stage{number}": stage for number, stage in enumerate(stages, 1)}


def _pool() -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _resnet(net: Any) -> Stages:
    stem = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool)
    layers = (net.layer1, net.layer2, net.layer3, net.layer4)
    return {"stem": stem, **_numbered(layers), "pool": _pool()}


def _mobilenet(net: Any) -> Stages:
    _follow_at_the_usual_pace(net)
    stem, *blocks, top = net.features
    groups = groupby(blocks, key=lambda block: int(block.out_channels))
    linear, activation = net.classifier[:2]
    return {
        "stem": stem,
        **_numbered(nn.Sequential(*group) for _, group in groups),
        "top": top,
        "pool": _pool(),
        "neck": nn.Sequential(linear, activation),
    }


def _follow_at_the_usual_pace(net: nn.Module) -> None:
    """Let running statistics settle within the few hundred steps that users' images give.

    Those of MobileNetV3 follow ten times slower than others', for hundreds of thousands of steps.
    """
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.1


def _efficientnet(net: Any) -> Stages:
    stem, *stages, top = net.features
    return {"stem": stem, **_numbered(stages), "top": top, "pool": _pool()}


def _convnext(net: Any) -> Stages:
    norm, flatten = net.classifier[:2]
    return {**_downsampled(net), "pool": nn.Sequential(net.avgpool, norm, flatten)}


def _swin(net: Any) -> Stages:
    norm = nn.Sequential(net.norm, net.permute)
    return {**_downsampled(net), "norm": norm, "pool": _pool()}


def _downsampled(net: Any) -> Stages:
    """Features that are stem, stage, downsampling, stage, downsampling, stage and so on."""
    stem, first, *rest = net.features
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return {"stem": stem, **_numbered([first, *(nn.Sequential(*pair) for pair in pairs)])}


def _regnet(net: Any) -> Stages:
    return {"stem": net.stem, **_numbered(net.trunk_output), "pool": _pool()}


def _densenet(net: Any) -> Stages:
    layers = dict(net.features.named_children())
    stem = nn.Sequential(*(layers[name] for name in ("conv0", "norm0", "relu0", "pool0")))
    later = (
        nn.Sequential(layers[f"transition{n}"], layers[f"denseblock{n + 1}"]) for n in (1, 2, 3)
    )
    norm = nn.Sequential(layers["norm5"], nn.ReLU(inplace=True))
    stages = _numbered([layers["denseblock1"], *later])
    return {"stem": stem, **stages, "norm": norm, "pool": _pool()}


class _Patches(nn.Module):
    """Images become tokens: one a patch, after the class token, each with its position."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.conv_proj: nn.Module = net.conv_proj
        self.class_token: nn.Parameter = net.class_token
        self.pos_embedding: nn.Parameter = net.encoder.pos_embedding
        self.dropout: nn.Module = net.encoder.dropout

    def forward(self, images: Tensor) -> Tensor:
        patches = self.conv_proj(images).flatten(2).transpose(1, 2)
        class_token = self.class_token.expand(patches.shape[0], -1, -1)
        tokens: Tensor = self.dropout(torch.cat([class_token, patches], 1) + self.pos_embedding)
        return tokens


def resize_patches(stages: nn.Sequential, size: int) -> None:
    """Give the patches of images of this size positions between the pretrained ones."""
    stem: Any = stages.get_submodule("stem")
    patch = stem.conv_proj.kernel_size[0]
    if size % patch:
        below = size // patch * patch
        msg = (
            f"ViT cuts images into patches of {patch} pixels, and {size} pixels are no multiple of "
            f"that. Set a size such as {below} or {below + patch}."
        )
        raise GraftworkError(msg)
    stem.pos_embedding = nn.Parameter(_spread(stem.pos_embedding.detach(), size // patch))


def _spread(positions: Tensor, side: int) -> Tensor:
    """Positions (1, 1 + g * g, C) of a class token and a grid become (1, 1 + side * side, C).

    Bicubic and, for a smaller grid, antialiased (as timm's ``resample_abs_pos_embed``).
    """
    class_token, grid = positions[:, :1], positions[:, 1:]
    before = math.isqrt(grid.shape[1])
    maps = grid.transpose(1, 2).unflatten(2, (before, before))
    spread = functional.interpolate(maps, (side, side), mode="bicubic", antialias=True)
    return torch.cat([class_token, spread.flatten(2).transpose(1, 2)], 1)


class _ClassToken(nn.Module):
    """The first token is what the transformer says of the whole image."""

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, 0]


def _vit(net: Any) -> Stages:
    blocks = {f"block{number}": block for number, block in enumerate(net.encoder.layers, 1)}
    return {"stem": _Patches(net), **blocks, "norm": net.encoder.ln, "token": _ClassToken()}


_FAMILIES: Mapping[str, Callable[[Any], Stages]] = {
    "resnet": _resnet,
    "mobilenet": _mobilenet,
    "efficientnet": _efficientnet,
    "convnext": _convnext,
    "regnet": _regnet,
    "vit": _vit,
    "swin": _swin,
    "densenet": _densenet,
}
