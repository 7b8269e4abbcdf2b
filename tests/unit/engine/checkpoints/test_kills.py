"""Runs that are killed over and over end with the same weights, to the bit."""

from __future__ import annotations

import json
import random
import time

import pytest
from safetensors.torch import load_file

from graftwork.engine.classifier_info import WEIGHTS_FILE
from support.jobs import small_job
from support.killing import kill_after, training_process

KILLS = 50
FLUSHES = 20
LONG = 200


@pytest.fixture
def job(images):
    return small_job(
        images,
        "progressive-unfreezing",
        {"head_epochs": 4, "head_rate": 0.05, "epochs": 5, "rate": 0.01, "tolerance": 3},
        augmentation="strong",
        dropout=0.3,
        batch_size=4,
    )


@pytest.fixture
def environment(home):
    return {"GRAFTWORK_HOME": str(home)}


@pytest.fixture
def whole(job, environment, tmp_path):
    """A run that nobody interrupted; its folder, and the seconds that it took."""
    run = tmp_path / "whole"
    process = training_process(job, run, environment, every=1000)
    while not (run / "started").exists():
        process.join(0.01)
    began = time.monotonic()
    assert not kill_after(process, LONG)
    return run, time.monotonic() - began


def test_fifty_kills_at_random_moments_change_nothing(job, environment, whole, tmp_path):
    kills, moments, places = 0, random.Random(0), set()
    while kills < KILLS:
        run = tmp_path / f"killed-after-{kills}"
        while not (run / "finished").exists():
            (run / "started").unlink(missing_ok=True)
            process = training_process(job, run, environment)
            wait = moments.uniform(0, whole[1] / 3) if kills < KILLS else LONG
            kills += kill_after(process, wait, run / "started")
        assert _weights(run) == _weights(whole[0])
        places |= set(_resumptions(run))
    assert len(places) > 10


def test_being_killed_in_the_midst_of_any_write_changes_nothing(job, environment, whole, tmp_path):
    """The n-th flush is the end, for each n: of a description, of tensors, of a document."""
    run = tmp_path / "killed"
    for number in range(1, FLUSHES):
        kill_after(training_process(job, run, environment, die_at_flush=number), LONG)
        assert not (run / "finished").exists()
    assert not kill_after(training_process(job, run, environment, every=1000), LONG)
    assert _weights(run) == _weights(whole[0])
    assert len(set(_resumptions(run))) > 5


def _resumptions(run):
    """From where the run went on, each time that it was."""
    for line in (run / "events.txt").read_text().splitlines():
        if '"resumed"' in line:
            event = json.loads(line)
            yield event["phase"], event["epoch"], event["step"]


def _weights(folder):
    return {k: v.numpy().tobytes() for k, v in load_file(folder / WEIGHTS_FILE).items()}
