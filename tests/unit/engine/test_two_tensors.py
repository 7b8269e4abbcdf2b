"""A backbone whose stages hand on two tensors, as networks of two paths do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from graftwork.plugin_api import GraftworkError
from support.jobs import run_job, small_job
from support.tiny import TINY


class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(3, 8, 3, 2, 1)

    def forward(self, inputs):
        return self.fine(inputs).relu(), self.coarse(inputs).relu()


class Join(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16)

    def forward(self, both):
        return self.norm(self.convolution(both[0] + both[1])).relu()


def build(_weights):
    torch.manual_seed(0)
    stages = nn.Sequential()
    stages.add_module("stem", Stem())
    stages.add_module("join", Join())
    stages.add_module("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    return stages


@pytest.fixture
def two_paths(registry):
    backbones = {**registry.backbones, "paths": replace(TINY, name="paths", build=build)}
    return replace(registry, backbones=backbones)


def _job(images, strategy, settings):
    return small_job(images, strategy, settings).model_copy(update={"backbone": "paths"})


@pytest.mark.parametrize(
    ("strategy", "settings"),
    [
        ("feature-extraction", {"epochs": 2}),
        ("top-stages", {"epochs": 1, "head_epochs": 1, "stages": 1}),
        ("full-fine-tuning", {"epochs": 1}),
    ],
)
def test_it_can_be_trained(strategy, settings, images, two_paths, tmp_path):
    run_job(_job(images, strategy, settings), two_paths, tmp_path / "run")


@pytest.mark.parametrize("strategy", ["logistic-regression", "prototypes"])
def test_what_needs_features_that_can_be_kept_says_so(strategy, images, two_paths, tmp_path):
    with pytest.raises(GraftworkError):
        run_job(_job(images, strategy, {}), two_paths, tmp_path / "run")
