from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from graftwork.engine.speed.convolution import Geometry, convolve

_ACTIVATIONS = {
    "none": lambda result: result,
    "relu": functional.relu,
    "relu6": functional.relu6,
}


def _geometry(stride=1, padding=1, dilation=1, groups=1):
    return Geometry(
        stride=(stride, stride),
        padding=(padding, padding),
        dilation=(dilation, dilation),
        groups=groups,
    )


def _parts(groups, dtype=torch.float64):
    """Images, filters and biases that learn; values are spread so that ReLU6 cuts both ways."""
    torch.manual_seed(1)
    images = 3 * torch.randn(2, 4, 7, 7, dtype=dtype)
    weight, bias = torch.randn(4, 4 // groups, 3, 3, dtype=dtype), torch.randn(4, dtype=dtype)
    return tuple(part.requires_grad_() for part in (images, weight, bias))


@pytest.mark.parametrize("activation", list(_ACTIVATIONS))
@pytest.mark.parametrize(
    "geometry",
    [
        _geometry(),
        _geometry(stride=2),
        _geometry(groups=2),
        _geometry(groups=4),
        _geometry(stride=2, padding=0, groups=4),
        _geometry(padding=2, dilation=2, groups=4),
    ],
)
def test_values_and_gradients_are_those_of_torch(geometry, activation):
    images, weight, bias = parts = _parts(geometry.groups)
    g = geometry
    plain = functional.conv2d(images, weight, bias, g.stride, g.padding, g.dilation, g.groups)
    expected = _ACTIVATIONS[activation](plain)
    found = convolve(images, weight, bias, geometry, activation)
    torch.testing.assert_close(found, expected)
    grad = torch.randn_like(expected)
    torch.testing.assert_close(
        torch.autograd.grad(found, parts, grad), torch.autograd.grad(expected, parts, grad)
    )


@pytest.mark.parametrize("activation", list(_ACTIVATIONS))
def test_fp32_values_are_those_of_torch(activation):
    """In fp32 the activation is applied inside oneDNN."""
    images, weight, bias = _parts(1, torch.float32)
    expected = _ACTIVATIONS[activation](functional.conv2d(images, weight, bias, 1, 1))
    found = convolve(images, weight, bias, _geometry(), activation)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_gradients_pass_the_numeric_check():
    images, weight, bias = _parts(4)

    def smooth(*parts):
        return convolve(*parts, _geometry(groups=4))

    assert torch.autograd.gradcheck(smooth, (images, weight, bias))


def test_only_what_learns_gets_gradients():
    images, weight, _ = _parts(1)
    found = convolve(images.detach(), weight, None, _geometry(), "relu")
    found.sum().backward()
    assert weight.grad is not None
    assert images.grad is None


def test_autocast_computes_in_bf16_and_gives_fp32_gradients():
    images, weight, bias = _parts(4, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        found = convolve(images, weight, bias, _geometry(groups=4), "relu6")
    assert found.dtype == torch.bfloat16
    found.float().sum().backward()
    assert weight.grad is not None
    assert weight.grad.dtype == torch.float32
    expected = functional.relu6(functional.conv2d(images, weight, bias, 1, 1, groups=4))
    torch.testing.assert_close(found.float(), expected, rtol=0.02, atol=0.1)
