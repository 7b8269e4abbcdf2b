"""Backbones of plugins that are not what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from graftwork.engine.backbone_check import built_stages, check_features
from graftwork.engine.errors import TrainingError
from graftwork.plugin_api import GraftworkError
from support.jobs import run_job, small_job
from support.tiny import TINY, build_tiny


def odd(build: Callable[[Path | None], Any], **more: Any) -> Any:
    return replace(TINY, name="odd", build=build, **more)


def without_pooling(weights: Path | None) -> nn.Sequential:
    return build_tiny(weights)[:3]


def with_head(weights: Path | None) -> nn.Sequential:
    stages = build_tiny(weights)
    stages.add_module("head", nn.Identity())
    return stages


def with_nan(weights: Path | None) -> nn.Sequential:
    stages = build_tiny(weights)
    nn.init.constant_(stages[0][0].weight, torch.nan)
    return stages


def fails(_weights: Path | None) -> nn.Sequential:
    raise KeyError("stem")


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (fails, "backbone odd could not be built .KeyError: 'stem'"),
        (lambda _: None, "backbone odd is a NoneType and no nn.Sequential"),
        (lambda _: nn.Linear(3, 4), "backbone odd is a Linear and no nn.Sequential"),
        (lambda _: nn.Sequential(), "backbone odd is a Sequential and no nn.Sequential of stages"),
        (with_head, "backbone odd has a stage named 'head'"),
    ],
)
def test_what_is_no_list_of_stages_is_refused(
    build: Callable[[Path | None], Any], said: str
) -> None:
    with pytest.raises(TrainingError, match=said):
        built_stages(odd(build), None)


def test_what_a_backbone_says_itself_is_kept() -> None:
    def build(_weights: Path | None) -> nn.Sequential:
        raise GraftworkError("Ask the lab for a licence.")

    with pytest.raises(GraftworkError, match=r"^Ask the lab for a licence\.$"):
        built_stages(odd(build), None)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (without_pooling, r"gives torch.float32 of shape \(2, 16, 4, 4\) for 2 images, not 16"),
        (lambda weights: build_tiny(weights)[1:], r"does not take images of 3 x 32 x 32 .Runtime"),
        (lambda weights: build_tiny(weights).double(), "does not take images"),
        (with_nan, "gives values that are not finite, not 16 features"),
    ],
)
def test_what_gives_no_features_is_refused(build: Callable[[Path | None], Any], said: str) -> None:
    backbone = odd(build)
    with pytest.raises(TrainingError, match=f"backbone odd {said}"):
        check_features(built_stages(backbone, None), backbone, 3, 32)


def test_a_good_backbone_is_left_as_it_was() -> None:
    stages = build_tiny(None)
    before = {name: value.clone() for name, value in stages.state_dict().items()}
    check_features(stages, TINY, 3, 32)
    assert all(module.training for module in stages.modules())
    assert all(before[name].equal(value) for name, value in stages.state_dict().items())


@pytest.mark.parametrize("training", [{}, {"size": 64}])
def test_a_run_names_a_backbone_that_cannot_be_built(
    images: Path, registry: Any, tmp_path: Path, training: dict[str, int]
) -> None:
    more = replace(registry, backbones={"odd": odd(fails)})
    job = small_job(images, "feature-extraction", **training)
    with pytest.raises(TrainingError, match="backbone odd could not be built"):
        run_job(job.model_copy(update={"backbone": "odd"}), more, tmp_path / "run")


def test_a_run_says_so_before_it_trains(images: Path, registry: Any, tmp_path: Path) -> None:
    more = replace(registry, backbones={"odd": odd(build_tiny, features=17)})
    job = small_job(images, "feature-extraction").model_copy(update={"backbone": "odd"})
    with pytest.raises(TrainingError, match=r"backbone odd gives .* not 17 features of each image"):
        run_job(job, more, tmp_path / "run")
