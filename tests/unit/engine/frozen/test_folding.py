from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision.models import get_model

from graftwork.engine.frozen.folding import folded, unchanged
from graftwork.engine.frozen.operations import OperationCount


def _settled(stages: nn.Sequential) -> nn.Sequential:
    """With statistics and affine maps that are not the identity."""
    for module in stages.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.running_mean, module.weight, module.bias):
                if tensor is not None:
                    nn.init.normal_(tensor, 1, 0.2)
            if module.running_var is not None:
                nn.init.uniform_(module.running_var, 0.5, 2)
    return stages.eval()


def _norms(module: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in module.modules())


@pytest.mark.parametrize(
    ("name", "left"), [("resnet18", 0), ("mobilenet_v3_small", 0), ("shufflenet_v2_x0_5", 0)]
)
def test_a_folded_network_gives_the_same_up_to_rounding(name, left):
    torch.manual_seed(0)
    stages = _settled(nn.Sequential(get_model(name, weights=None)))
    own, images = folded(stages), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        expected, found = stages(images), own(images)
    assert (found - expected).norm() / expected.norm() < 1e-4
    assert _norms(own) == left < _norms(stages)


def test_the_original_stays_as_it_is():
    stages = _settled(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))).train()
    before = {name: value.clone() for name, value in stages.state_dict().items()}
    own = folded(stages)
    assert _norms(stages) == 1
    assert stages.training
    assert stages[0].bias is not None
    assert not own.training
    assert not any(p.requires_grad for p in own.parameters())
    assert all(torch.equal(before[name], value) for name, value in stages.state_dict().items())


class _Reused(nn.Module):
    """Its convolution's result is used beside the norm, and its norm twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.norm, self.shared = nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, images):
        seen = self.first(images)
        return self.shared(self.second(self.shared(self.norm(seen) + seen)))


class _Branching(nn.Module):
    """torch.fx cannot follow what depends on numbers, but its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))

    def forward(self, images):
        return self.part(images) if images.sum() > 0 else images


@pytest.mark.parametrize(
    ("stage", "left"),
    [
        (_Reused(), 2),
        (_Branching(), 0),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, affine=False)), 0),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, track_running_stats=False)), 1),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)), 1),
        (
            nn.Sequential(
                nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 1)), nn.BatchNorm2d(4)
            ),
            1,
        ),
    ],
    ids=["reused", "branching", "plain norm", "own statistics", "activated", "parametrized"],
)
def test_only_what_can_be_followed_is_folded(stage, left):
    stages = _settled(nn.Sequential(stage))
    own, images = folded(stages), torch.rand(4, 3, 8, 8)
    with torch.no_grad():
        assert torch.allclose(own(images), stages(images), atol=1e-5)
    assert _norms(own) == left
    assert _norms(unchanged(stages)) == _norms(stages)


def test_operations_are_counted_as_by_hand():
    network = nn.Sequential(
        nn.Conv2d(4, 6, 3, padding=1, groups=2), nn.BatchNorm2d(6), nn.Flatten(), nn.Linear(54, 5)
    )
    count = OperationCount()
    with count.counting(network):
        network(torch.rand(2, 4, 3, 3))
    # 9 places, 6 filters of 2 * 3 * 3 weights; a matrix of 54 * 5; two images, two operations
    assert count.total == 2 * 2 * (9 * 6 * 18 + 54 * 5)
    network(torch.rand(2, 4, 3, 3))
    assert count.total == 2 * 2 * (9 * 6 * 18 + 54 * 5)


def test_operations_of_attention_are_those_of_its_products():
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    count, tokens = OperationCount(), torch.rand(3, 5, 8)
    with count.counting(attention):
        attention(tokens, tokens, tokens)
    projections, products = 4 * 5 * 8 * 8, 2 * 5 * 5 * 8
    assert count.total == 2 * 3 * (projections + products)
