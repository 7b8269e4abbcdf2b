from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from graftwork.engine.speed.chains import find_chains


def _convolution(**options):
    return nn.Conv2d(4, 4, 3, padding=1, **options)


class _Twice(nn.Module):
    """A convolution whose result the normalization shares with others."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = _convolution(), nn.BatchNorm2d(4)

    def forward(self, images: Tensor) -> Tensor:
        result = self.conv(images)
        return self.norm(result) + result


class _Same(nn.Module):
    """One convolution in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.other = _convolution(), nn.BatchNorm2d(4), nn.BatchNorm2d(4)

    def forward(self, images: Tensor) -> Tensor:
        return self.other(self.conv(self.norm(self.conv(images))))


class _Untraceable(nn.Module):
    """Decides by the values that it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(_convolution(), nn.BatchNorm2d(4), nn.ReLU6())

    def forward(self, images: Tensor) -> Tensor:
        return self.inner(images) if images.sum() > 0 else images


def test_a_chain_is_a_convolution_its_norm_and_its_activation():
    part = nn.Sequential(_convolution(), nn.BatchNorm2d(4), nn.ReLU(), _convolution(), nn.ReLU())
    (chain,) = find_chains(part)
    assert (chain.convolution, chain.norm, chain.activation) == (part[0], part[1], part[2])
    assert chain.activation_name == "relu"


def test_other_activations_stay_outside():
    part = nn.Sequential(_convolution(), nn.BatchNorm2d(4), nn.SiLU())
    (chain,) = find_chains(part)
    assert chain.activation is None
    assert chain.activation_name == "none"


@pytest.mark.parametrize(
    "part",
    [
        nn.Conv2d(4, 4, 3),
        nn.Sequential(_convolution(), nn.ReLU(), nn.BatchNorm2d(4)),
        nn.Sequential(_convolution(padding_mode="reflect"), nn.BatchNorm2d(4)),
        nn.Sequential(nn.Conv2d(4, 4, 3, padding="same"), nn.BatchNorm2d(4)),
        nn.Sequential(_convolution(), nn.GroupNorm(2, 4)),
        _Twice(),
        _Same(),
    ],
)
def test_what_is_no_chain(part):
    assert find_chains(part) == []


def test_where_a_part_cannot_be_followed_its_parts_are():
    part = nn.Sequential(_convolution(), nn.BatchNorm2d(4), _Untraceable())
    (chain,) = find_chains(part)
    assert chain.activation_name == "relu6"


def test_finding_leaves_the_module_as_it_was():
    part = nn.Sequential(_convolution(), nn.BatchNorm2d(4))
    images = torch.randn(1, 4, 5, 5)
    part.eval()
    before = part(images)
    find_chains(part)
    assert torch.equal(part(images), before)
