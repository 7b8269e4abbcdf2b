"""EfficientNet-Lite as named stages, with the weights of the original TensorFlow models.

Architecture: the EfficientNet-B0 table (Tan and Le, 2019, arXiv:1905.11946) without
squeeze-and-excitation and with ReLU6; stem, head, and the depth of the first and last stage are
not scaled. Convolutions pad as TensorFlow's "SAME" does, which the weights were trained with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEM = 32
_TOP = 1280


class StochasticDepth(nn.Module):
    """While training, an image's branch is left out with the chance ``p``; others make up for it.

    Huang et al., "Deep Networks with Stochastic Depth" (2016). That of torchvision does the same;
    to import it takes a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self.p = 0.0

    def forward(self, images: Tensor) -> Tensor:
        """The branch (N, C, H, W) with some images' part of it zero."""
        if not self.training or self.p == 0:
            return images
        kept = images.new_empty((len(images), 1, 1, 1)).bernoulli_(1 - self.p)
        return images * kept / (1 - self.p)


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """Some blocks alike; the first of them has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=16),
    _Stage(repeats=2, kernel=3, stride=2, expansion=6, channels=24),
    _Stage(repeats=2, kernel=5, stride=2, expansion=6, channels=40),
    _Stage(repeats=3, kernel=3, stride=2, expansion=6, channels=80),
    _Stage(repeats=3, kernel=5, stride=1, expansion=6, channels=112),
    _Stage(repeats=4, kernel=5, stride=2, expansion=6, channels=192),
    _Stage(repeats=1, kernel=3, stride=1, expansion=6, channels=320),
)


def build_efficientnet_lite(width: float, depth: float, weights: Path | None) -> nn.Sequential:
    """A batch (N, 3, S, S) becomes features (N, 1280)."""
    scaled = _scaled_stages(width, depth)
    stages = _assemble(scaled)
    if weights is not None:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        stages.load_state_dict(_renamed(state, [stage.repeats for stage in scaled]))
    return stages


def _scaled_stages(width: float, depth: float) -> list[_Stage]:
    first_and_last = (_STAGES[0], _STAGES[-1])
    return [
        _Stage(
            repeats=stage.repeats if stage in first_and_last else math.ceil(stage.repeats * depth),
            kernel=stage.kernel,
            stride=stage.stride,
            expansion=stage.expansion,
            channels=_scaled_channels(stage.channels, width),
        )
        for stage in _STAGES
    ]


def _scaled_channels(channels: int, width: float) -> int:
    """The multiple of 8 nearest to the product, but not below nine tenths of it."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def _assemble(scaled: list[_Stage]) -> nn.Sequential:
    stages = nn.Sequential()
    stages.add_module("stem", _Convolution(3, _STEM, kernel=3, stride=2))
    channels = _STEM
    for number, stage in enumerate(scaled, 1):
        stages.add_module(f"stage{number}", _blocks(channels, stage))
        channels = stage.channels
    stages.add_module("top", _Convolution(channels, _TOP, kernel=1))
    stages.add_module("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    return stages


def _blocks(inputs: int, stage: _Stage) -> nn.Sequential:
    first = _Block(inputs, stage, stride=stage.stride)
    rest = (_Block(stage.channels, stage, stride=1) for _ in range(stage.repeats - 1))
    return nn.Sequential(first, *rest)


class _SamePaddedConv2d(nn.Conv2d):
    """Pads as TensorFlow's "SAME": as little as needed, and an odd rest at the bottom and right."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  the name in nn.Conv2d
        top, bottom = self._padding(input.shape[2])
        left, right = self._padding(input.shape[3])
        return super().forward(functional.pad(input, (left, right, top, bottom)))

    def _padding(self, length: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        needed = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
        return needed // 2, needed - needed // 2


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> nn.Conv2d:
    if stride == 1:
        return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    return _SamePaddedConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)


class _Convolution(nn.Sequential):
    """Convolution, batch normalisation and, unless it is linear, ReLU6."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.conv = _convolution(inputs, outputs, kernel, stride, groups)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)
        if not linear:
            self.act = nn.ReLU6(inplace=True)


class _Block(nn.Module):
    """An inverted residual: widen, filter channel by channel, narrow, add the input if alike.

    A block that adds its input can be skipped at random; it never is unless a rate is set.
    """

    def __init__(self, inputs: int, stage: _Stage, *, stride: int) -> None:
        super().__init__()
        hidden = inputs * stage.expansion
        self.shortcut = stride == 1 and inputs == stage.channels
        self.layers = nn.Sequential()
        if stage.expansion != 1:
            self.layers.add_module("expand", _Convolution(inputs, hidden, kernel=1))
        depthwise = _Convolution(hidden, hidden, kernel=stage.kernel, stride=stride, groups=hidden)
        self.layers.add_module("depthwise", depthwise)
        project = _Convolution(hidden, stage.channels, kernel=1, linear=True)
        self.layers.add_module("project", project)
        if self.shortcut:
            self.skipping = StochasticDepth()

    def forward(self, images: Tensor) -> Tensor:
        """(N, inputs, H, W) becomes (N, channels, H / stride, W / stride)."""
        result: Tensor = self.layers(images)
        return self.skipping(result) + images if self.shortcut else result


_OUTER_NAMES = {
    "_conv_stem": "stem.conv",
    "_bn0": "stem.bn",
    "_conv_head": "top.conv",
    "_bn1": "top.bn",
}
_BLOCK_NAMES = {
    "_expand_conv": "expand.conv",
    "_bn0": "expand.bn",
    "_depthwise_conv": "depthwise.conv",
    "_bn1": "depthwise.bn",
    "_project_conv": "project.conv",
    "_bn2": "project.bn",
}


def _renamed(state: Mapping[str, Tensor], repeats: list[int]) -> dict[str, Tensor]:
    """The published state under our names, without its classifier."""
    prefixes = [
        f"stage{stage}.{block}.layers"
        for stage, count in enumerate(repeats, 1)
        for block in range(count)
    ]
    kept = {name: value for name, value in state.items() if not name.startswith("_fc.")}
    return {_our_name(name, prefixes): value for name, value in kept.items()}


def _our_name(name: str, prefixes: list[str]) -> str:
    match name.split("."):
        case ["_blocks", block, layer, tensor]:
            return f"{prefixes[int(block)]}.{_BLOCK_NAMES[layer]}.{tensor}"
        case [layer, tensor]:
            return f"{_OUTER_NAMES[layer]}.{tensor}"
        case _:
            msg = f"the weights file has an unknown entry, {name}: it is not an EfficientNet-Lite"
            raise ValueError(msg)
