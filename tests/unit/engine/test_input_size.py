from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from graftwork.engine.classifier import load_classifier
from graftwork.engine.errors import TrainingError
from graftwork.engine.input_size import adapt_input_size
from graftwork.plugin_api import GraftworkError
from graftwork.plugin_host.registry import Registry
from support.jobs import run_job, small_job
from support.tiny import TINY, build_tiny


def noting(sizes: list[int]) -> object:
    def resize(stages: nn.Sequential, size: int) -> None:
        assert isinstance(stages, nn.Sequential)
        sizes.append(size)

    return replace(TINY, min_size=16, resize=resize)


def test_the_backbone_is_asked_for_every_size_but_its_own() -> None:
    sizes: list[int] = []
    for size in (16, 32, 64):
        adapt_input_size(build_tiny(None), noting(sizes), size)
    assert sizes == [16, 64]


def test_too_small_is_refused_before_the_backbone_is_asked() -> None:
    sizes: list[int] = []
    with pytest.raises(TrainingError, match=r"Tiny needs .* at least 16 pixels, and 15 .* the 32"):
        adapt_input_size(build_tiny(None), noting(sizes), 15)
    assert sizes == []


def test_the_pretrained_size_is_never_too_small() -> None:
    adapt_input_size(build_tiny(None), replace(TINY, min_size=100), 32)


def test_a_backbone_that_takes_any_size_is_left_as_it_is() -> None:
    stages = build_tiny(None)
    before = {name: id(weight) for name, weight in stages.named_parameters()}
    adapt_input_size(stages, TINY, 96)
    assert {name: id(weight) for name, weight in stages.named_parameters()} == before


def test_what_a_backbone_says_against_a_size_is_heard() -> None:
    def refuse(_stages: nn.Sequential, size: int) -> None:
        msg = f"{size} is not a multiple of 32."
        raise GraftworkError(msg)

    with pytest.raises(GraftworkError, match="100 is not a multiple"):
        adapt_input_size(build_tiny(None), replace(TINY, resize=refuse), 100)


def test_a_backbone_that_fails_at_a_size_is_named() -> None:
    def fail(_stages: nn.Sequential, size: int) -> None:
        raise AttributeError("pos_embed")

    said = "The backbone tiny cannot be made to take 100 pixels .AttributeError: pos_embed"
    with pytest.raises(TrainingError, match=said):
        adapt_input_size(build_tiny(None), replace(TINY, resize=fail), 100)


def test_a_size_that_cannot_be_is_refused_before_any_image_is_read(
    images: Path, registry: Registry, tmp_path: Path
) -> None:
    narrow = replace(registry, backbones={"tiny": replace(TINY, min_size=64)})
    for file in images.rglob("*.png"):
        file.write_bytes(b"")  # reading them would raise something else
    with pytest.raises(TrainingError, match="at least 64 pixels, and 48 are set"):
        run_job(small_job(images, "feature-extraction", size=48), narrow, tmp_path / "run")


def test_a_run_keeps_its_size_channels_and_first_layer(
    images: Path, registry: Registry, tmp_path: Path
) -> None:
    kept = []
    for name in ("one", "two"):
        job = small_job(
            images, settings={"epochs": 2}, size=48, channels=1, first_layer="new", fit="pad"
        )
        run_job(job, registry, tmp_path / name)
        kept.append(load_classifier(tmp_path / name, registry.backbones))
    spec = kept[0].info.input
    assert (spec.size, spec.channels, len(spec.mean)) == (48, 1, 1)
    first, second = (classifier.stages[0][0].weight for classifier in kept)
    assert first.shape == (8, 1, 3, 3)
    assert first.equal(second)


def test_a_size_that_is_too_small_ends_a_run_with_what_to_do(
    images: Path, registry: Registry, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="Tiny needs images of at least 32 pixels"):
        run_job(small_job(images, size=16), registry, tmp_path / "run")
