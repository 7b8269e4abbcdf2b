"""One convolution with bias and activation, forward and backward, for a processor.

Against ``functional.conv2d`` followed by an activation: the activation is applied while the result
is written (no pass of its own), the bias' gradient is a sum of its own (inside oneDNN's depthwise
kernels it costs more than the filter's), and depthwise filters take the way in ``depthwise``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from .depthwise import (
    Pair,
    depthwise_input_gradient,
    depthwise_weight_gradient,
    is_depthwise,
)

Activation = Literal["none", "relu", "relu6"]


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """How a filter moves over an image: (down, across) each."""

    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int


def convolve(
    images: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    geometry: Geometry,
    activation: Activation = "none",
) -> Tensor:
    """The activation of the convolution of ``images`` (N, C, H, W), in autocast's arithmetic."""
    if images.device.type != "cpu":
        return _plainly(images, weight, bias, geometry, activation)
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        images, weight = images.to(dtype), weight.to(dtype)
        bias = bias if bias is None else bias.to(dtype)
    result: Tensor = _Convolution.apply(images, weight, bias, geometry, activation)
    return result


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        images: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        geometry: Geometry,
        activation: Activation,
    ) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            result = _result(images, weight, bias, geometry, activation)
        kept = None if activation == "none" else result
        ctx.save_for_backward(images, weight, kept)
        ctx.geometry, ctx.activation = geometry, activation
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        images, weight, result = ctx.saved_tensors
        grad = _BACKWARD[ctx.activation](grad, result)
        of_images, of_weight, of_bias = ctx.needs_input_grad[:3]
        gradients = _gradients(grad, images, weight, ctx.geometry, (of_images, of_weight))
        return (*gradients, grad.sum((0, 2, 3)) if of_bias else None, None, None)


def _plainly(
    images: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    geometry: Geometry,
    activation: Activation,
) -> Tensor:
    g = geometry
    result = functional.conv2d(images, weight, bias, g.stride, g.padding, g.dilation, g.groups)
    return _FORWARD[activation](result)


def _result(
    images: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    geometry: Geometry,
    activation: Activation,
) -> Tensor:
    if not _writes_activated(images.dtype):
        return _plainly(images, weight, bias, geometry, activation)
    return _written_activated(images, weight, bias, geometry, activation)


def _written_activated(
    images: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    geometry: Geometry,
    activation: Activation,
) -> Tensor:
    g, (name, numbers) = geometry, _ONEDNN_NAMES[activation]
    result: Tensor = torch.ops.mkldnn._convolution_pointwise(
        images, weight, bias, g.padding, g.stride, g.dilation, g.groups, name, numbers, ""
    )
    return result


@cache
def _writes_activated(dtype: torch.dtype) -> bool:
    """Whether oneDNN's convolution with an activation, which torch's compiler uses, is there.

    Not every torch has it, and not every processor has it in bf16.
    """
    if dtype not in {torch.float32, torch.bfloat16}:
        return False
    geometry = Geometry(stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
    ones = torch.ones(1, 1, 1, 1, dtype=dtype)
    try:
        return bool(_written_activated(7 * ones, ones, None, geometry, "relu6").item() == 6)
    except (AttributeError, RuntimeError, TypeError):
        return False


def _gradients(
    grad: Tensor, images: Tensor, weight: Tensor, geometry: Geometry, wanted: tuple[bool, bool]
) -> tuple[Tensor | None, Tensor | None]:
    g = geometry
    if is_depthwise(weight, g.groups) and g.dilation == (1, 1):
        rest = (grad, images, weight, g.stride, g.padding)
        return (
            depthwise_input_gradient(*rest) if wanted[0] else None,
            depthwise_weight_gradient(*rest) if wanted[1] else None,
        )
    of_images, of_weight, _ = torch.ops.aten.convolution_backward(
        grad, images, weight, None, g.stride, g.padding, g.dilation, False, (0, 0), g.groups,
        (*wanted, False),
    )  # fmt: skip
    return of_images, of_weight


_ONEDNN_NAMES: Mapping[Activation, tuple[str, list[float]]] = {
    "none": ("none", []),
    "relu": ("relu", []),
    "relu6": ("hardtanh", [0.0, 6.0]),
}
_FORWARD: Mapping[Activation, Callable[[Tensor], Tensor]] = {
    "none": lambda result: result,
    "relu": functional.relu_,
    "relu6": lambda result: functional.hardtanh_(result, 0.0, 6.0),
}
_BACKWARD: Mapping[Activation, Callable[[Tensor, Tensor], Tensor]] = {
    "none": lambda grad, _: grad,
    "relu": lambda grad, result: torch.ops.aten.threshold_backward(grad, result, 0.0),
    "relu6": lambda grad, result: torch.ops.aten.hardtanh_backward(grad, result, 0.0, 6.0),
}
