from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from graftwork.engine.speed.depthwise import (
    depthwise_input_gradient,
    depthwise_weight_gradient,
    is_depthwise,
)


def _gradients(images, weight, stride, padding):
    """Of the output, at random, and those of input and filters that autograd makes of it."""
    images, weight = images.requires_grad_(), weight.requires_grad_()
    result = functional.conv2d(images, weight, None, stride, padding, groups=len(weight))
    grad = torch.randn_like(result)
    return grad, *torch.autograd.grad(result, (images, weight), grad)


@pytest.mark.parametrize("side", [1, 2, 4, 8, 13])
@pytest.mark.parametrize("padding", [0, 1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 4, 5, 7])
def test_gradients_are_those_of_autograd(kernel, stride, padding, side):
    if side + 2 * padding < kernel:
        return
    torch.manual_seed(kernel + side)
    images = torch.randn(2, 3, side, side + 1, dtype=torch.float64)
    weight = torch.randn(3, 1, kernel, kernel, dtype=torch.float64)
    strides, paddings = (stride, stride), (padding, padding)
    grad, of_images, of_weight = _gradients(images, weight, strides, paddings)
    with torch.no_grad():
        found = depthwise_weight_gradient(grad, images, weight, strides, paddings)
        torch.testing.assert_close(found, of_weight)
        found = depthwise_input_gradient(grad, images, weight, strides, paddings)
        torch.testing.assert_close(found, of_images)


@pytest.mark.parametrize("stride", [1, 2])
def test_bf16_gradients_are_those_of_fp32_rounded(stride):
    torch.manual_seed(0)
    images = torch.randn(2, 4, 12, 12).bfloat16().contiguous(memory_format=torch.channels_last)
    weight = torch.randn(4, 1, 5, 5).bfloat16()
    sides = (stride, stride), (2, 2)
    grad, of_images, of_weight = _gradients(images.float(), weight.float(), *sides)
    rounded = grad.bfloat16()
    found = depthwise_input_gradient(rounded, images, weight, *sides)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), of_images, rtol=0.02, atol=0.1)
    found = depthwise_weight_gradient(rounded, images, weight, *sides)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), of_weight, rtol=0.02, atol=0.3)


def test_the_input_gradient_keeps_channels_last():
    images = torch.randn(2, 8, 9, 9).contiguous(memory_format=torch.channels_last)
    weight, grad = torch.randn(8, 1, 3, 3), torch.randn_like(images)
    found = depthwise_input_gradient(grad, images, weight, (1, 1), (1, 1))
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("shape", "groups", "depthwise"),
    [((8, 1, 3, 3), 8, True), ((16, 1, 3, 3), 8, False), ((8, 2, 3, 3), 4, False),
     ((1, 1, 3, 3), 1, False)],
)  # fmt: skip
def test_depthwise_is_one_filter_for_each_channel(shape, groups, depthwise):
    assert is_depthwise(torch.zeros(shape), groups) == depthwise
