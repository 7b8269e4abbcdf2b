"""What a resize sums: how much each source pixel weighs in each output pixel, and the rounding.

Each fit is one affine map of coordinates an axis: the centre of output pixel i lies at
``(i + 0.5) * step + offset`` in the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from graftwork.plugin_api import Interpolation

    from .input_spec import Fit, InputSpec

_MARGIN = 1e-3  # levels; well above what float32 sums of 8-bit values are off by
_EDGE_SLACK = 1e-3  # of an output pixel, so that rounding never decides what is border


class AxisWeights(NamedTuple):
    """``weights`` of source in output pixels (size, side); ``inside``: which show the image (size).

    Output pixels that lie beside the image have no weights.
    """

    weights: Tensor
    inside: Tensor


def filter_weights(images: Tensor, spec: InputSpec) -> tuple[AxisWeights, AxisWeights]:
    """The weights downwards and across, for images (N, H, W, channels) of any content."""
    height, width = _side(images, 1), _side(images, 2)
    steps = _steps(height, width, spec)
    return (
        _axis_weights(images, 1, height, steps[0], spec),
        _axis_weights(images, 2, width, steps[1], spec),
    )


def to_levels(sums: Tensor) -> Tensor:
    """Whole levels 0..255, in place; halves go up, and so does what is an error short of them.

    Rational weights make many exact halves, and engines add in different orders: without the
    margin the exported graph rounded hundreds of pixels of a photograph otherwise.
    """
    return sums.add_(0.5 + _MARGIN).floor_().clamp_(0, 255)


def _side(images: Tensor, axis: int) -> Tensor:
    # A tensor, not a number: only so does the exported graph keep the side open.
    return torch.scalar_tensor(images.shape[axis], dtype=torch.float32, device=images.device)


def _steps(height: Tensor, width: Tensor, spec: InputSpec) -> tuple[Tensor, Tensor]:
    """How many source pixels one output pixel spans, downwards and across."""
    if spec.fit == "squash":
        return height / spec.size, width / spec.size
    step = _common_step(height, width, spec.fit, spec.crop_fraction) / spec.size
    return step, step


def _common_step(height: Tensor, width: Tensor, fit: Fit, crop_fraction: float) -> Tensor:
    if fit == "crop":
        return torch.minimum(height, width) * crop_fraction
    return torch.maximum(height, width)


def _axis_weights(
    images: Tensor, axis: int, side: Tensor, step: Tensor, spec: InputSpec
) -> AxisWeights:
    sources = torch.arange(images.shape[axis], dtype=torch.float32, device=images.device) + 0.5
    outputs = torch.arange(spec.size, dtype=torch.float32, device=images.device) + 0.5
    centres = outputs * step + (side - step * spec.size) / 2
    inside = (centres - side / 2).abs() <= torch.maximum(side, step) / 2 + step * _EDGE_SLACK
    distances = (sources - centres[:, None]) / step.clamp(min=1)
    raw = torch.where(inside[:, None], _FILTERS[spec.interpolation](distances), 0.0)
    return AxisWeights(raw / torch.where(inside, raw.sum(1), 1.0)[:, None], inside)


def _triangle(distances: Tensor) -> Tensor:
    return (1 - distances.abs()).clamp(min=0)


def _cubic(distances: Tensor) -> Tensor:
    """Keys' cubic convolution with a = -0.5 (IEEE Trans. ASSP 29, 1981), Pillow's bicubic."""
    x = distances.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


_FILTERS: dict[Interpolation, Callable[[Tensor], Tensor]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
}
