"""Runs that are killed at random moments, over and over, end with the same weights to the bit."""

from __future__ import annotations

import os
import random

from safetensors.torch import load_file

from graftwork.engine.classifier import WEIGHTS_FILE
from support.jobs import small_job
from support.killing import kill_after, training_process

KILLS = 50


def test_fifty_kills_change_nothing(images, tmp_path):
    job = small_job(
        images,
        "progressive-unfreezing",
        {"head_epochs": 4, "head_rate": 0.05, "epochs": 6, "rate": 0.01, "tolerance": 3},
        augmentation="strong",
        dropout=0.3,
        batch_size=4,
    )
    home = {"GRAFTWORK_HOME": os.environ["GRAFTWORK_HOME"]}
    whole = training_process(job, tmp_path / "whole", home, every=1000)
    assert not kill_after(whole, 120)
    kills, moments = 0, random.Random(0)
    while not (tmp_path / "killed" / "finished").exists():
        wait = moments.uniform(0.05, 0.5) if kills < KILLS else 120
        kills += kill_after(training_process(job, tmp_path / "killed", home), wait)
    assert _weights(tmp_path / "whole") == _weights(tmp_path / "killed")
    print("KILLS", kills)


def _weights(folder):
    return {k: v.numpy().tobytes() for k, v in load_file(folder / WEIGHTS_FILE).items()}
