"""Checkpoints of a run that there never was."""

from __future__ import annotations

import torch

from graftwork.engine.checkpoints.files import Checkpoint
from graftwork.engine.checkpoints.progress import (
    BestProgress,
    PhaseProgress,
    RunProgress,
    Surroundings,
)
from graftwork.engine.tally import Tally


def checkpoint(number: int) -> Checkpoint:
    """The checkpoint of this number, in the midst of a phase."""
    progress = RunProgress(
        number=number,
        first_weights="0",
        surroundings=Surroundings(graftwork="1", torch="2", device="cpu", threads=1, processes=1),
        reports=(),
        best=BestProgress(rank=(0.1 + 0.2, float("-inf")), phase=1, epoch=2, stages=("head",)),
        phase=PhaseProgress(epoch=3, step=4, tally=Tally(loss=1 / 3, right=2, images=3)),
    )
    tensors = {
        "model.a": torch.full((3, 2), float(number)),
        "random.cpu": torch.tensor([1, 2, 255], dtype=torch.uint8),
        "optimizer.0.step": torch.tensor(7.0),
    }
    return Checkpoint(progress=progress, tensors=tensors)
