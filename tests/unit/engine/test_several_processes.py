"""Two processes train one model, as torchrun starts them, and find what one process finds."""

from __future__ import annotations

import json
import os
import socket

import pytest
import torch
from safetensors.torch import load_file

from graftwork.engine.classifier_info import WEIGHTS_FILE
from support.jobs import small_job
from support.killing import kill_after, training_process


@pytest.fixture
def meeting() -> dict[str, str]:
    """Where processes meet, as torchrun would say."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}


def _job(images, **training):
    settings = {"augmentation": "light", "precision": "fp32", "optimizer": "sgd"}
    sizes = {"batch_size": 6, "weight_decay": 0.001}
    return small_job(images, "full-fine-tuning", {"epochs": 3}, **settings, **sizes, **training)


def _home():
    return {"GRAFTWORK_HOME": os.environ["GRAFTWORK_HOME"]}


def _train_together(job, run, meeting, *, every=1000.0, die_at_flush=0):
    """Both processes come to their end; the first may be killed at its n-th flush."""
    both = [
        training_process(
            job,
            run,
            {**_home(), **meeting, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            every=every,
            die_at_flush=0 if rank else die_at_flush,
        )
        for rank in (0, 1)
    ]
    assert [kill_after(process, 120) for process in both] == [False, False]


def _epochs(run):
    """The validation losses that either process found, epoch by epoch."""
    told = map(json.loads, (run / "events.txt").read_text("utf-8").splitlines())
    done = [event for event in told if event["kind"] == "epoch-done"]
    return [
        {event["validation_loss"] for event in done if event["epoch"] == epoch}
        for epoch in (1, 2, 3)
    ]


def test_killed_processes_go_on_to_the_same_figures_where_statistics_learn(
    meeting, images, tmp_path, capfd
):
    job = _job(images, batch_norm="learning", averaging="ema")
    whole, run = tmp_path / "whole", tmp_path / "killed"
    _train_together(job, whole, meeting)
    assert [len(losses) for losses in _epochs(whole)] == [1, 1, 1]
    _train_together(job, run, meeting, every=0, die_at_flush=20)
    assert not (run / "finished").exists()
    assert "Another of the processes that train together has ended" in capfd.readouterr().err
    _train_together(job, run, meeting, every=0)
    assert _epochs(run) == _epochs(whole)
    one, two = (load_file(folder / WEIGHTS_FILE) for folder in (whole, run))
    assert all(torch.equal(value, two[name]) for name, value in one.items())


@pytest.mark.parametrize("batch_norm", ["frozen", "learning"])
def test_two_processes_find_the_weights_of_one(batch_norm, meeting, images, tmp_path):
    job = _job(images, batch_norm=batch_norm)
    alone = training_process(job, tmp_path / "alone", _home(), every=1000)
    assert not kill_after(alone, 120)
    _train_together(job, tmp_path / "both", meeting)
    one, two = (load_file(tmp_path / name / WEIGHTS_FILE) for name in ("alone", "both"))
    # Each process normalizes by its own share, so that learning statistics cannot be the same.
    off = 1e-5 if batch_norm == "frozen" else 0.2
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=off), name
