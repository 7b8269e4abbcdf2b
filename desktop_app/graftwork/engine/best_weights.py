"""Keeps the best weights seen so far, in memory and in the run's folder."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError
from torch import Tensor

from .checkpoints.progress import BestProgress, Rank
from .classifier import Classifier, stage_prefix
from .classifier_info import WEIGHTS_FILE
from .errors import TrainingError
from .learning.low_rank import plain_state
from .weights_file import write_weights

_WRITE_EVERY_S = 10.0


class BestWeights:
    """The best weights of a run: only stages that ever learned are copied.

    They are due to be written when the last writing is some seconds ago. Without a ``folder`` they
    stay in memory.
    """

    def __init__(self, classifier: Classifier, folder: Path | None) -> None:
        self.rank: Rank | None = None
        self.phase = 0
        self.epoch = 0
        self._classifier = classifier
        self._file = folder / WEIGHTS_FILE if folder else None
        self._stages: set[str] = set()
        self._state: dict[str, Tensor] = {}
        self._written = 0.0
        self._dirty = False

    def begin_phase(self, stages: Iterable[str]) -> None:
        """Go back to the best weights, and from now on keep those of ``stages`` too."""
        self.restore()
        self._stages |= set(stages)
        self._state = self._copy()

    def offer(self, rank: Rank, phase: int, epoch: int) -> bool:
        """Keep the present weights if they rank above the best; says whether they do."""
        if self.rank is not None and not rank > self.rank:  # what is no number never ranks higher
            return False
        self.rank, self.phase, self.epoch = rank, phase, epoch
        self._state = self._copy()
        self._dirty = True
        return True

    def replace(self) -> None:
        """Keep the present weights in place of the best ones, at their rank."""
        self._state = self._copy()
        self._dirty = True

    def restore(self) -> None:
        """Give the classifier the best weights (before the first epoch: leave it as it is)."""
        if self.rank is not None:
            self._classifier.load_state_dict(self._state, strict=False)

    @property
    def due(self) -> bool:
        """Whether there are better weights than in the file, which was written some time ago."""
        return self._dirty and time.monotonic() - self._written > _WRITE_EVERY_S

    def write(self) -> None:
        """Write the best weights to the run's folder, if that is not yet done.

        Raises ``TrainingError`` if the disk does not take them; the file before stays whole, and
        they are written the next time.
        """
        if not self._dirty or self._file is None:
            return
        self._written = time.monotonic()
        whole = {**plain_state(self._classifier), **self._state}
        try:
            write_weights(self._file, whole)
        except (OSError, SafetensorError) as error:
            msg = f"The best weights cannot be written to {self._file}: {error}."
            raise TrainingError(msg) from error
        self._dirty = False

    def progress(self) -> BestProgress:
        """Which epoch was best, for a checkpoint."""
        return BestProgress(
            rank=self.rank, phase=self.phase, epoch=self.epoch, stages=tuple(sorted(self._stages))
        )

    def tensors(self) -> dict[str, Tensor]:
        """The best weights of the stages that ever learned, for a checkpoint."""
        return dict(self._state)

    def load(self, progress: BestProgress, tensors: Mapping[str, Tensor]) -> None:
        """Take what a checkpoint kept of ``progress`` and ``tensors``."""
        self.rank, self.phase, self.epoch = progress.rank, progress.phase, progress.epoch
        self._stages = set(progress.stages)
        self._state = dict(tensors)
        self._dirty = self.rank is not None

    def changing(self, name: str) -> bool:
        """Whether the tensor of this name belongs to a stage that ever learned."""
        return name.startswith(tuple(map(stage_prefix, self._stages)))

    def _copy(self) -> dict[str, Tensor]:
        state = plain_state(self._classifier)
        return {k: v.detach().clone() for k, v in state.items() if self.changing(k)}
