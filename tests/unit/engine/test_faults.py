"""What goes wrong around a run: each thing has its message, and what was reached is kept."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from pydantic import BaseModel
from safetensors.torch import load_file
from torch import nn

from graftwork.engine import events as ev
from graftwork.engine.classifier import load_classifier
from graftwork.engine.classifier_info import WEIGHTS_FILE
from graftwork.engine.errors import TrainingError
from graftwork.engine.train import train
from graftwork.plugin_api import HEAD, MeasuredStages, Phase, Strategy
from support.jobs import of_kind, run_job, small_job
from support.tiny import build_tiny


class NoSettings(BaseModel):
    pass


def with_plan(registry, plan):
    strategy = Strategy(
        name="planned", title="Planned", summary="For a test", settings=NoSettings, plan=plan
    )
    return replace(registry, strategies={**registry.strategies, "planned": strategy})


HEAD_FIRST = Phase(name="Head", epochs=2, rates={HEAD: 0.05}, augmentation="none")
TROUBLES = {
    "raises": (lambda: 1 / 0, "failed after 1 phases .ZeroDivisionError"),
    "leaves": (lambda: sys.exit(3), "failed after 1 phases .SystemExit: 3"),
    "no phase": (lambda: "train!", "'train!' where a phase is due"),
    "unknown stage": (lambda: Phase(name="x", epochs=1, rates={"topp": 0.1}), "top"),
    "no number": (lambda: Phase(name="x", epochs=1, rates={HEAD: float("nan")}), "rate"),
    "no epochs": (lambda: Phase(name="x", epochs=0, rates={HEAD: 0.1}), "epoch"),
    "text": (lambda: Phase(name="x", epochs="3", rates={HEAD: 0.1}), "epoch"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_strategy_that_goes_wrong_is_named_and_the_best_kept(trouble, images, registry, tmp_path):
    give, said = TROUBLES[trouble]

    def plan(settings, backbone, data):
        yield HEAD_FIRST
        yield give()

    run = tmp_path / "run"
    with pytest.raises(TrainingError, match=said):
        run_job(small_job(images, "planned"), with_plan(registry, plan), run)
    assert load_classifier(run, registry.backbones)


def measured_only(settings, backbone, data):
    yield MeasuredStages(name="Measure")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (lambda *_: 1 / 0, "planned failed after 0 phases .ZeroDivisionError"),
        (lambda *_: [HEAD_FIRST], "planned gave a list where phases are to come"),
        (measured_only, "planned gave no phase that trains"),
    ],
)
def test_a_plan_that_trains_nothing_is_named(plan, said, images, registry, tmp_path):
    with pytest.raises(TrainingError, match=said):
        run_job(small_job(images, "planned"), with_plan(registry, plan), tmp_path / "run")


def test_a_plan_without_end_is_left(images, registry, tmp_path):
    def plan(settings, backbone, data):
        while True:
            yield Phase(name="again", epochs=1, rates={HEAD: 1e-6}, augmentation="none")

    job, run = small_job(images, "planned"), tmp_path / "run"
    run.mkdir()
    training = train(job, registry=with_plan(registry, plan), folder=run, weights=None)
    phases = (event for event in training if isinstance(event, ev.PhaseEnded))
    assert next(phases).phase == 1
    assert next(phases).phase == 2
    training.close()


class Greedy(nn.Module):
    """Wants a petabyte when it learns."""

    def forward(self, images):
        return images + (torch.empty(2**50).sum() if self.training else 0)


def test_memory_that_runs_out_is_said_and_the_best_kept(images, registry, tmp_path):
    def build(weights):
        stages = build_tiny(weights)
        stages.add_module("greedy", Greedy())
        return stages

    def plan(settings, backbone, data):
        yield HEAD_FIRST
        yield Phase(name="Greedy", epochs=1, rates={"stem": 0.1, "greedy": 0.1})

    odd = replace(registry.backbone("tiny"), name="greedy", build=build)
    more = replace(with_plan(registry, plan), backbones={"greedy": odd})
    job = small_job(images, "planned").model_copy(update={"backbone": "greedy"})
    with pytest.raises(TrainingError, match=r"memory is too small for 8 images.*accumulate"):
        run_job(job, more, tmp_path / "run")
    assert load_file(tmp_path / "run" / WEIGHTS_FILE)


def test_checkpoints_that_find_no_room_are_warned_of_and_the_run_goes_on(
    images, registry, tmp_path
):
    """No file may grow beyond 40 kB: the weights fit, the optimizer's state does not."""
    job = small_job(images, "full-fine-tuning", {"epochs": 3})
    run_job(job, registry, tmp_path / "whole")
    with files_up_to(40_000):
        events = _run(job, registry, tmp_path / "full", every=0.0)
    warnings = [n for n in of_kind(events, ev.Notice) if n.level == "warning"]
    assert any("checkpoint could not be written" in warning.text for warning in warnings)
    assert _weights(tmp_path / "full") == _weights(tmp_path / "whole")
    assert not list((tmp_path / "full").rglob("*.part"))


def test_weights_that_find_no_room_are_kept_until_there_is_some(images, registry, tmp_path):
    job = small_job(images, "full-fine-tuning", {"epochs": 3})
    run_job(job, registry, tmp_path / "whole")
    run = tmp_path / "full"
    run.mkdir()
    training = train(job, registry=registry, folder=run, weights=None)
    with files_up_to(8_000):
        seen = []
        for event in training:
            seen.append(event)
            if isinstance(event, ev.EpochDone) and event.epoch == 2:
                break
    assert any("tried again" in notice.text for notice in of_kind(seen, ev.Notice))
    list(training)
    assert _weights(run) == _weights(tmp_path / "whole")


def test_a_run_folder_that_cannot_be_written_is_said(images, registry, tmp_path):
    (tmp_path / "run" / "classifier.json").mkdir(parents=True)
    with pytest.raises(TrainingError, match="cannot be written"):
        _run(small_job(images), registry, tmp_path / "run", every=1000.0)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """The system refuses to let files grow beyond this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _run(job, registry, run, every):
    run.mkdir(exist_ok=True)
    return list(train(job, registry=registry, folder=run, weights=None, checkpoint_every=every))


def _weights(folder):
    return {k: v.numpy().tobytes() for k, v in load_file(folder / WEIGHTS_FILE).items()}
