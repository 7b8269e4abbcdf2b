"""Two processes train one model, as torchrun starts them, and find what one process finds."""

from __future__ import annotations

import os
import socket

import pytest
import torch
from safetensors.torch import load_file

from graftwork.engine.classifier import WEIGHTS_FILE
from support.jobs import small_job
from support.killing import kill_after, training_process


@pytest.fixture
def meeting() -> dict[str, str]:
    """Where processes meet, as torchrun would say."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}


@pytest.mark.parametrize("batch_norm", ["frozen", "learning"])
def test_two_processes_find_the_weights_of_one(batch_norm, meeting, images, tmp_path):
    job = small_job(
        images, "full-fine-tuning", {"epochs": 3}, augmentation="light", precision="fp32",
        optimizer="sgd", batch_norm=batch_norm, batch_size=6, weight_decay=0.001,
    )  # fmt: skip
    home = {"GRAFTWORK_HOME": os.environ["GRAFTWORK_HOME"]}
    alone = training_process(job, tmp_path / "alone", home, every=1000)
    assert not kill_after(alone, 120)
    ranks = ({"RANK": rank, "LOCAL_RANK": rank} for rank in "01")
    both = [
        training_process(job, tmp_path / "both", {**home, **meeting, **rank}, every=1000)
        for rank in ranks
    ]
    killed = [kill_after(process, 120) for process in both]
    assert killed == [False, False]
    one, two = (load_file(tmp_path / name / WEIGHTS_FILE) for name in ("alone", "both"))
    # Each process normalizes by its own share, so that learning statistics cannot be the same.
    off = 1e-5 if batch_norm == "frozen" else 0.2
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=off), name
