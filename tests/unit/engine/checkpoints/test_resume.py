"""Runs that are stopped or fail somewhere, and go on: the end is as if nothing had happened."""

from __future__ import annotations

import errno
import os
import random
from contextlib import closing
from dataclasses import replace

import pytest
import torch
from pydantic import BaseModel
from safetensors.torch import load_file

from graftwork.engine import events as ev
from graftwork.engine.classifier_info import WEIGHTS_FILE
from graftwork.engine.errors import TrainingError
from graftwork.engine.train import train
from graftwork.plugin_api import EMA, HEAD, SWA, LowRank, Phase, Strategy, WiSE
from support.jobs import of_kind, run_job, small_job
from support.tiny import build_tiny


class NoSettings(BaseModel):
    pass


ALL = {"stem": 0.01, "middle": 0.01, "top": 0.01, HEAD: 0.05}
PHASES = {
    "batch norm learns": Phase(name="x", epochs=3, rates=ALL, schedule="one-cycle"),
    "adapting": Phase(name="x", epochs=3, rates={HEAD: 0.05}, batch_norm="adapting"),
    "re-estimated": Phase(name="x", epochs=3, rates={"top": 0.01, HEAD: 0.05},
                          batch_norm="re-estimated", augmentation="none"),
    "ema": Phase(name="x", epochs=3, rates=ALL, averaging=EMA(decay=0.8)),
    "swa": Phase(name="x", epochs=4, rates=ALL, averaging=SWA(start=0.25)),
    "wise": Phase(name="x", epochs=3, rates=ALL, averaging=WiSE(parts=(0.3, 0.7))),
    "low rank": Phase(name="x", epochs=3, rates=ALL, learning=LowRank(rank=2)),
    "reinitialized": Phase(name="x", epochs=3, rates=ALL, reinitialize=("top",)),
    "plateau": Phase(name="x", epochs=5, rates=ALL, schedule="plateau", patience=2),
    "cached": Phase(name="x", epochs=4, rates={HEAD: 0.05}, augmentation="none"),
    "views": Phase(name="x", epochs=4, rates={"top": 0.01, HEAD: 0.05}, batch_norm="frozen"),
}  # fmt: skip


def never(_event):
    return False


def plan(settings, backbone, data):
    head = Phase(name="Head", epochs=2, rates={HEAD: 0.05}, augmentation="none")
    report = yield head
    assert report.phase == head
    yield PHASES[settings.phase]
    yield Phase(name="Last", epochs=1, rates={"top": 0.01, HEAD: 0.01})


class Which(NoSettings):
    phase: str = "ema"


@pytest.fixture
def planned(registry):
    strategy = Strategy(
        name="planned", title="Planned", summary="For a test", settings=Which, plan=plan
    )
    return replace(registry, strategies={**registry.strategies, "planned": strategy})


def job_of(images, phase, **training):
    settings = {"batch_size": 8, "augmentation": "light", "dropout": 0.2, "views": 2}
    return small_job(images, "planned", {"phase": phase}, **{**settings, **training})


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_stopped_at_any_event_goes_on_to_the_same_weights(phase, images, planned, tmp_path):
    job = job_of(images, phase, **({"optimizer": "sgd"} if phase == "adapting" else {}))
    whole = run_job(job, planned, tmp_path / "whole")
    moments = random.Random(phase)
    run = tmp_path / "stopped"
    while not _advance(job, planned, run, moments.randrange(3, 25)):
        torch.rand(3)
    assert _weights(run) == _weights(tmp_path / "whole")
    assert of_kind(whole, ev.RunEnded)


@pytest.mark.parametrize("clip", [None, 0.05])
def test_a_run_in_fp16_goes_on_with_its_scale(clip, images, planned, tmp_path):
    job = job_of(images, "batch norm learns", precision="fp16", clip_gradients=clip)
    run_job(job, planned, tmp_path / "whole")
    run = tmp_path / "stopped"
    _until(job, planned, run, lambda e: isinstance(e, ev.StepDone) and (e.phase, e.epoch) == (2, 2))
    _until(job, planned, run, never)
    assert _weights(run) == _weights(tmp_path / "whole")


def test_the_weights_that_a_phase_began_with_are_mixed_in_however_it_was_interrupted(
    images, registry, tmp_path
):
    """A phase that goes much too far, from one best epoch to the next, needs them."""
    too_far = Phase(name="x", epochs=2, rates=dict.fromkeys(ALL, 0.3), averaging=WiSE(parts=(0.3,)))

    def plan(settings, backbone, data):
        yield too_far

    strategy = Strategy(name="planned", title="P", summary="x", settings=NoSettings, plan=plan)
    more = replace(registry, strategies={"planned": strategy})
    job, run = small_job(images, "planned", best_metric="loss"), tmp_path / "stopped"
    whole = run_job(job, more, tmp_path / "whole")
    assert any("Mixed 30%" in notice.text for notice in of_kind(whole, ev.Notice))
    _until(job, more, run, lambda e: isinstance(e, ev.StepDone) and e.epoch == 2)
    resumed = _until(job, more, run, never)
    assert of_kind(resumed, ev.Resumed)
    assert _weights(run) == _weights(tmp_path / "whole")


def test_epochs_are_said_once_more_only_after_the_checkpoint(images, planned, tmp_path):
    job = job_of(images, "ema")
    whole = of_kind(run_job(job, planned, tmp_path / "whole"), ev.EpochDone)
    run = tmp_path / "run"
    first = _until(job, planned, run, lambda e: isinstance(e, ev.EpochDone) and e.phase == 2)
    second = _until(job, planned, run, never)
    (resumed,) = of_kind(second, ev.Resumed)
    assert (resumed.phase, resumed.epoch, resumed.step) == (2, 2, 0)
    epochs = of_kind(first, ev.EpochDone) + of_kind(second, ev.EpochDone)
    assert [_figures(epoch) for epoch in epochs] == [_figures(epoch) for epoch in whole]


def test_without_a_checkpoint_the_run_begins_anew(images, planned, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    events = _until(job_of(images, "cached"), planned, run, never)
    assert any("begins anew" in notice.text for notice in of_kind(events, ev.Notice))
    assert of_kind(events, ev.RunEnded)


def test_a_damaged_checkpoint_falls_back_and_says_so(images, planned, tmp_path):
    job, run = job_of(images, "batch norm learns"), tmp_path / "run"
    run_job(job, planned, tmp_path / "whole")
    _until(job, planned, run, lambda e: isinstance(e, ev.EpochDone) and e.phase == 2)
    newest = max((run / "checkpoints").glob("*.safetensors"), key=lambda f: int(f.stem))
    data = newest.read_bytes()
    newest.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    events = _until(job, planned, run, never)
    assert any("is damaged" in notice.text for notice in of_kind(events, ev.Notice))
    assert _weights(run) == _weights(tmp_path / "whole")


def test_another_count_of_threads_is_put_back(images, planned, tmp_path):
    before = torch.get_num_threads()
    job, run = job_of(images, "cached"), tmp_path / "run"
    try:
        torch.set_num_threads(2)
        _until(job, planned, run, lambda e: isinstance(e, ev.EpochDone))
        torch.set_num_threads(1)
        events = _until(job, planned, run, never)
        assert of_kind(events, ev.RunStarted)[0].threads == 2
    finally:
        torch.set_num_threads(before)


def test_images_that_changed_meanwhile_are_refused(images, planned, tmp_path):
    job, run = job_of(images, "cached"), tmp_path / "run"
    first = _until(job, planned, run, lambda e: isinstance(e, ev.EpochDone))
    known = of_kind(first, ev.DataReady)[0].data_fingerprint
    next(iter(sorted((images / "red").iterdir()))).unlink()
    with pytest.raises(TrainingError, match="not those that this job was made for"):
        _until(job.model_copy(update={"data_fingerprint": known}), planned, run, never)


def test_frozen_weights_that_changed_meanwhile_are_refused(images, planned, tmp_path):
    def build(weights):
        stages = build_tiny(weights)
        with torch.no_grad():
            stages.middle[0].weight.neg_()
        return stages

    job, run = job_of(images, "cached"), tmp_path / "run"
    _until(job, planned, run, lambda e: isinstance(e, ev.EpochDone))
    before = _weights(run)
    other = replace(planned, backbones={"tiny": replace(planned.backbone("tiny"), build=build)})
    with pytest.raises(TrainingError, match="began with other weights than tiny has now"):
        _until(job, other, run, never)
    assert _weights(run) == before
    assert of_kind(_until(job, planned, run, never), ev.RunEnded)


def test_every_write_may_fail_once(images, planned, tmp_path, monkeypatch):
    """The disk is full at the n-th flush, for each n: the run goes on or can be gone on with."""
    job = job_of(images, "low rank", keep_epochs=True)
    run_job(job, planned, tmp_path / "whole")
    for failing in range(1, 200):
        run = tmp_path / str(failing)
        with monkeypatch.context() as patch:
            calls = _fail_flush(patch, failing)
            ended = _ends_well(job, planned, run)
        if not ended:
            _until(job, planned, run, never)
        assert _weights(run) == _weights(tmp_path / "whole")
        assert not list(run.rglob("*.part"))
        if len(calls) < failing:
            return
    pytest.fail("the run never came through without a failure")


def _fail_flush(monkeypatch, failing):
    """The n-th fsync fails as on a full disk."""
    calls, flush = [], os.fsync

    def fsync(handle):
        calls.append(handle)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return calls


def _ends_well(job, registry, run):
    try:
        _until(job, registry, run, never)
    except (TrainingError, OSError):
        return False
    return True


def _advance(job, registry, run, events):
    """Pull so many events and close; whether the run came to its end."""
    count = iter(range(1, 10_000))
    pulled = _until(job, registry, run, lambda _: next(count) >= events)
    return isinstance(pulled[-1], ev.RunEnded)


def _until(job, registry, run, stop, every=1000.0):
    run.mkdir(exist_ok=True)
    training = train(
        job, registry=registry, folder=run, weights=None, resume=True, checkpoint_every=every
    )
    events = []
    with closing(training):
        for event in training:
            events.append(event)
            if stop(event):
                break
    return events


def _figures(epoch):
    return epoch.model_dump(exclude={"seconds", "images_per_second"})


def _weights(folder):
    return {k: v.numpy().tobytes() for k, v in load_file(folder / WEIGHTS_FILE).items()}
