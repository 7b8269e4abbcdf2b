from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import ResNet, get_model
from torchvision.models.resnet import BasicBlock

from graftwork.engine.learning.low_rank import add_low_rank
from graftwork.engine.speed.fusion import find_fusion
from graftwork.plugin_api import LowRank
from graftwork.plugin_host.registry import Registry
from support.classifiers import tiny_classifier

_IMAGES = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)).double()


class _Around(nn.Module):
    """Uses its part's convolution past the part's own ``forward``."""

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))

    def forward(self, images: Tensor) -> Tensor:
        if images.numel() > 0 and images.abs().sum() >= 0:
            return self.part(images) + self.part[0](images)
        return images


def _prepared(network: nn.Module) -> nn.Module:
    """Frozen batch normalization with statistics and scales like those of a trained network."""
    torch.manual_seed(3)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias)
            part.running_mean.normal_(0, 0.3)
            part.running_var.uniform_(0.5, 2)
    return network.double().eval()


def _lite(registry) -> nn.Module:
    return registry.backbone("efficientnet-lite0").build(None)


def _gradients(network, logits):
    logits.square().mean().backward()
    return {name: p.grad for name, p in network.named_parameters()}


def _network(name: str, registry: Registry) -> nn.Module:
    match name:
        case "lite":
            return _lite(registry)
        case "resnet":
            return ResNet(BasicBlock, [1, 1, 1, 1])
        case _:
            return get_model(name, weights=None)


@pytest.mark.parametrize("name", ["lite", "resnet", "mobilenet_v3_small"])
def test_values_and_gradients_are_those_of_the_parts(registry, name):
    network = _network(name, registry)
    other = deepcopy(_prepared(network))
    fusion = find_fusion(other, _IMAGES[:2])
    assert fusion.reason is None
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(fusion.chains) == len(norms)
    expected = network(_IMAGES)
    with fusion.applied():
        found = other(_IMAGES)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        _gradients(other, found), _gradients(network, expected), rtol=1e-6, atol=1e-9
    )


def test_in_fp32_they_agree_within_a_hundred_thousandth(registry):
    network = _prepared(_lite(registry)).float()
    fusion = find_fusion(network, _IMAGES[:2].float())
    with torch.no_grad():
        expected = network(_IMAGES.float())
        with fusion.applied():
            found = network(_IMAGES.float())
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-5


def test_filters_with_more_weights_than_places_stay_apart():
    """8 * 9 weights of a filter against 2 * 5 * 5 places on the second image size."""
    network = _prepared(nn.Sequential(nn.Conv2d(8, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()))
    fusion = find_fusion(network, torch.randn(2, 8, 20, 20).double())
    for side, last in ((20, "Convolution"), (5, "Relu")):
        images = torch.randn(2, 8, side, side).double()
        with fusion.applied():
            found = network(images)
        assert last in found.grad_fn.name()
        torch.testing.assert_close(found, network(images))


def test_the_batch_normalization_does_not_run():
    network = _prepared(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()))
    fusion = find_fusion(network, _IMAGES[:2])
    with fusion.applied():
        graph = network(_IMAGES).grad_fn
    assert "Convolution" in graph.name()


def test_a_norm_that_learns_its_statistics_is_not_fused():
    network = _prepared(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()))
    fusion, other = find_fusion(network, _IMAGES[:2]), deepcopy(network).train()
    network.train()
    with fusion.applied():
        found = network(_IMAGES)
    torch.testing.assert_close(found, other(_IMAGES))
    torch.testing.assert_close(network[1].running_mean, other[1].running_mean)
    assert network[1].num_batches_tracked == 1


def test_one_activation_in_several_places_acts_in_all():
    relu = nn.ReLU(inplace=True)
    parts = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), relu, nn.Conv2d(4, 4, 3), relu)
    network = _prepared(nn.Sequential(*parts))
    fusion = find_fusion(network, _IMAGES[:2])
    with fusion.applied():
        found = network(_IMAGES)
    assert float(found.detach().min()) == 0
    torch.testing.assert_close(found, network(_IMAGES))


def test_what_differs_is_not_fused_and_says_so():
    network = _prepared(_Around())
    fusion = find_fusion(network, _IMAGES[:2])
    assert (fusion.chains, fusion.convolutions) == ((), ())
    assert "other results" in fusion.reason


class _Later(nn.Module):
    """What was activated is changed in place, and activated once more by the same module."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        found = self.relu(self.norm(self.convolution(images)))
        found -= images.abs()
        return self.relu(found)


def test_what_pays_in_large_batches_alone_is_tried_too():
    network = _prepared(_Later())
    images = torch.randn(32, 16, 7, 7, generator=torch.Generator().manual_seed(0)).double()
    fusion = find_fusion(network, images[:2])
    with fusion.applied():
        found = network(images)
    torch.testing.assert_close(found, network(images))


def test_low_rank_additions_are_seen():
    network = _prepared(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU6()))
    add_low_rank(network, LowRank(rank=2), seed=0)
    network.double()
    for name, parameter in network.named_parameters():
        if "parametrizations" in name:
            nn.init.normal_(parameter, std=0.3)
    fusion = find_fusion(network, _IMAGES[:2])
    assert len(fusion.chains) == 1
    with fusion.applied():
        found = network(_IMAGES)
    torch.testing.assert_close(found, network(_IMAGES))


def test_finding_and_using_leave_the_classifier_as_it_was():
    classifier = tiny_classifier().train()
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    held = {name: dict(vars(part)) for name, part in classifier.named_modules()}
    fusion = find_fusion(classifier.stages, torch.randn(2, 3, 32, 32))
    with pytest.raises(RuntimeError, match="channels"), fusion.applied():
        classifier.stages(torch.randn(2, 5, 32, 32))
    assert {name: dict(vars(part)) for name, part in classifier.named_modules()} == held
    torch.testing.assert_close(dict(classifier.state_dict()), before, rtol=0, atol=0)


def test_optimizers_learn_the_same_parameters():
    network = _prepared(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()))
    names = list(network.state_dict())
    fusion = find_fusion(network, _IMAGES[:2])
    with fusion.applied():
        network(_IMAGES).sum().backward()
    assert all(p.grad is not None for p in network.parameters())
    assert list(network.state_dict()) == names
