"""Keeps the checkpoints of one run: when the next is due, and under which number."""

from __future__ import annotations

import time
from pathlib import Path

from .files import Checkpoint, write_checkpoint

FOLDER = "checkpoints"
EVERY_S = 30.0


class CheckpointKeeper:
    """Writes a run's checkpoints, ``every`` so many seconds at most; 0 is after every step.

    Without ``writes`` it belongs to a process that only helps another to train.
    """

    def __init__(self, run_folder: Path, every: float = EVERY_S, *, writes: bool = True) -> None:
        self.run_folder = run_folder
        self.folder = run_folder / FOLDER
        self.number = 0
        self._every = every if writes else float("inf")
        self._writes = writes
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether the last one is long ago."""
        return time.monotonic() - self._last >= self._every

    def write(self, checkpoint: Checkpoint) -> None:
        """Keep the run's next checkpoint; raises ``OSError``, and the one before stays.

        After a failure the next one is due as late as after a success, so that a full disk does
        not slow the run down.
        """
        self._last = time.monotonic()
        if self._writes:
            write_checkpoint(self.folder, checkpoint)
        self.number = checkpoint.progress.number
