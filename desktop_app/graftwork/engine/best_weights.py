"""Keeps the best weights seen so far, in memory and in the run's folder."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from graftwork.files import replacing
from graftwork.plugin_api import HEAD

from .classifier import WEIGHTS_FILE, Classifier
from .errors import TrainingError

_WRITE_EVERY_S = 10.0


class BestWeights:
    """The best weights of a run: only stages that ever learned are copied.

    They reach the disk at once when the last writing is some seconds ago, and by ``write``.
    """

    def __init__(self, classifier: Classifier, folder: Path) -> None:
        self.rank: tuple[float, float] | None = None
        self.phase = 0
        self.epoch = 0
        self._classifier = classifier
        self._file = folder / WEIGHTS_FILE
        self._prefixes: set[str] = set()
        self._state: dict[str, Tensor] = {}
        self._written = 0.0
        self._dirty = False

    def begin_phase(self, stages: Iterable[str]) -> None:
        """Go back to the best weights, and from now on keep those of ``stages`` too."""
        self.restore()
        self._prefixes |= {f"{HEAD}." if s == HEAD else f"stages.{s}." for s in stages}
        self._state = self._copy()

    def offer(self, rank: tuple[float, float], phase: int, epoch: int) -> bool:
        """Keep the present weights if they rank above the best; says whether they do."""
        if self.rank is not None and rank <= self.rank:
            return False
        self.rank, self.phase, self.epoch = rank, phase, epoch
        self._state = self._copy()
        self._dirty = True
        if time.monotonic() - self._written > _WRITE_EVERY_S:
            self.write()
        return True

    def restore(self) -> None:
        """Give the classifier the best weights (before the first epoch: leave it as it is)."""
        if self.rank is not None:
            self._classifier.load_state_dict(self._state, strict=False)

    def write(self) -> None:
        """Write the best weights to the run's folder, if that is not yet done.

        Raises ``TrainingError`` if the disk does not take them; the file before stays whole.
        """
        if not self._dirty:
            return
        whole = {**self._classifier.state_dict(), **self._state}
        try:
            with replacing(self._file) as temporary:
                save_file({name: value.contiguous() for name, value in whole.items()}, temporary)
        except (OSError, SafetensorError) as error:
            msg = f"The best weights cannot be written to {self._file}: {error}."
            raise TrainingError(msg) from error
        self._dirty = False
        self._written = time.monotonic()

    def _copy(self) -> dict[str, Tensor]:
        prefixes = tuple(self._prefixes)
        state = self._classifier.state_dict()
        return {k: v.detach().clone() for k, v in state.items() if k.startswith(prefixes)}
