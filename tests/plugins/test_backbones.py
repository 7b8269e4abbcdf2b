"""What holds for every built-in backbone: the list, and the contract of stages."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

import pytest
import torch
from torch import nn

import graftwork_backbones
from graftwork.plugin_api import API_VERSION, Backbone

BACKBONES = tuple(graftwork_backbones.register_backbones())
FAMILIES = (
    *("efficientnet-lite0", "resnet18", "mobilenet-v3-small", "efficientnet-b0"),
    *("convnext-tiny", "regnet-y-800mf", "swin-t", "densenet121"),
)


@pytest.fixture(params=FAMILIES)
def stages(request: pytest.FixtureRequest) -> nn.Sequential:
    backbone = next(b for b in BACKBONES if b.name == request.param)
    torch.manual_seed(0)
    return backbone.build(None)


def shown(tensors: Iterable[torch.Tensor | None]) -> bool:
    return any(tensor is not None and bool(tensor.abs().sum() > 0) for tensor in tensors)


def test_the_list_is_complete_and_names_are_unique() -> None:
    names = [backbone.name for backbone in BACKBONES]
    assert len(names) == len(set(names)) == 29
    assert names[0] == "efficientnet-lite0"
    assert graftwork_backbones.GRAFTWORK_API == API_VERSION


@pytest.mark.parametrize("backbone", BACKBONES, ids=lambda backbone: backbone.name)
def test_each_says_what_a_person_needs(backbone: Backbone) -> None:
    assert backbone.summary.endswith(".")
    assert len(backbone.summary) < 90
    assert backbone.title
    assert backbone.licence in {"Apache-2.0", "BSD-3-Clause"}


def test_the_list_needs_no_torch() -> None:
    code = (
        "import sys, graftwork_backbones as plugin\n"
        "assert len(plugin.register_backbones()) == 29\n"
        "assert plugin.register_backbone_families()[0].name == 'timm'\n"
        "sys.exit(bool({'torch', 'torchvision', 'timm'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_first_convolution_sees_the_image(stages: nn.Sequential) -> None:
    first = next(module for module in stages.modules() if isinstance(module, nn.Conv2d))
    seen = []
    first.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    images = torch.randn(1, 3, 64, 64)
    stages.eval()(images)
    assert first.in_channels == 3
    assert torch.equal(seen[0], images)


def test_learning_can_begin_at_any_stage(stages: nn.Sequential) -> None:
    """Frozen below, every learning stage that has parameters gets gradients, and no other."""
    middle = len(stages) // 2
    stages[:middle].requires_grad_(False)
    stages.eval()(torch.randn(2, 3, 64, 64)).square().sum().backward()
    for index, stage in enumerate(stages):
        parameters = list(stage.parameters())
        learns = index >= middle and bool(parameters)
        assert shown(p.grad for p in parameters) is learns


def test_weights_survive_a_round_trip(stages: nn.Sequential) -> None:
    names = list(stages.state_dict())
    assert all(name.split(".")[0] in dict(stages.named_children()) for name in names)
    images = torch.randn(2, 3, 64, 64)
    twin = next(b for b in BACKBONES if b.parameters == count(stages)).build(None)
    assert not torch.equal(twin.eval()(images), stages.eval()(images))
    twin.load_state_dict(stages.state_dict())
    assert torch.equal(twin(images), stages(images))


def count(stages: nn.Sequential) -> int:
    return sum(parameter.numel() for parameter in stages.parameters())


def test_statistics_follow_a_small_data_set(stages: nn.Sequential) -> None:
    """A hundred steps, as small data sets have, must bring running statistics near the images'."""
    norms = [m for m in stages.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(norm.momentum == 0.1 for norm in norms)


@pytest.mark.parametrize("name", FAMILIES)
def test_any_size_from_the_smallest_on_gives_features(name: str) -> None:
    backbone = next(b for b in BACKBONES if b.name == name)
    stages = backbone.build(None).eval()
    assert backbone.resize is None
    for size in (backbone.min_size, 75):
        with torch.inference_mode():
            assert stages(torch.randn(1, 3, size, size)).shape == (1, backbone.features)
