from __future__ import annotations

import pytest
import timm
import torch
from torch import nn
from torchvision.models import convnext_tiny
from torchvision.ops import StochasticDepth

from graftwork.engine.stochastic_depth import set_stochastic_depth


class DropPath(nn.Module):
    """As timm's: called so, with its chance in ``drop_prob``."""

    def __init__(self) -> None:
        super().__init__()
        self.drop_prob = 0.0


class Transformer(nn.Module):
    """As timm's blocks: attention and MLP skip each for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.drop_path1 = DropPath()
        self.mlp = nn.Linear(1, 1)
        self.drop_path2 = DropPath()


def _block(skip):
    return nn.ModuleDict({"layers": nn.Linear(1, 1), "skip": skip})


def test_chances_rise_evenly_to_the_rate():
    skips = [StochasticDepth(0.9, "row"), DropPath(), StochasticDepth(0.0, "row"), DropPath()]
    blocks = [_block(skip) for skip in skips]
    stages = nn.Sequential(nn.Sequential(*blocks[:2]), *blocks[2:])
    assert set_stochastic_depth(stages, 0.2) == 4
    chances = [skips[0].p, skips[1].drop_prob, skips[2].p, skips[3].drop_prob]
    assert chances == pytest.approx([0.05, 0.1, 0.15, 0.2])


def test_what_skips_within_one_block_has_one_chance():
    stages = nn.Sequential(nn.Sequential(Transformer(), Transformer()), _block(DropPath()))
    assert set_stochastic_depth(stages, 0.3) == 3
    chances = [skip.drop_prob for skip in stages.modules() if isinstance(skip, DropPath)]
    assert chances == pytest.approx([0.1, 0.1, 0.2, 0.2, 0.3])


def test_a_vision_transformer_has_the_chances_that_timm_gives_it():
    """But for its first block, which has nothing to skip with, since timm never skips it."""
    network = timm.create_model("test_vit", drop_path_rate=0.3)
    skips = [module for module in network.modules() if isinstance(module, timm.layers.DropPath)]
    timms = [skip.drop_prob for skip in skips]
    assert set_stochastic_depth(network, 0.3) == len(network.blocks) - 1
    assert [skip.drop_prob for skip in skips] == pytest.approx(timms)


def test_a_backbone_without_such_blocks_is_told_by_a_zero():
    assert set_stochastic_depth(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Dropout(0.5)), 0.2) == 0


def test_in_a_real_network_zero_turns_it_off_and_a_rate_makes_training_random():
    torch.manual_seed(0)
    stage = convnext_tiny().features[1].train()
    pixels = torch.rand(2, 96, 4, 4)
    for block in stage:
        nn.init.ones_(block.layer_scale)
    assert set_stochastic_depth(stage, 0.0) == 3
    assert torch.equal(stage(pixels), stage(pixels))
    set_stochastic_depth(stage, 0.9)
    assert not torch.equal(stage(pixels), stage(pixels))
    assert torch.equal(stage.eval()(pixels), stage(pixels))
