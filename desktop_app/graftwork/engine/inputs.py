"""What a phase trains on: pixels, or what frozen stages give of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class Samples(Protocol):
    """Labelled inputs by place, 0 to len(labels) - 1."""

    @property
    def labels(self) -> Tensor:
        """The index of each input's class (n)."""

    def batch(self, places: Tensor) -> Tensor:
        """The inputs at these places, on the processor."""


@dataclass(frozen=True, kw_only=True)
class PixelSamples:
    """Images of one part of the split: rows of the decoded uint8 pixels (n, size, size, C).

    ``digests``, where they are known, name what each row of ``pixels`` shows.
    """

    pixels: npt.NDArray[np.uint8]
    rows: npt.NDArray[np.int64]
    labels: Tensor
    digests: Sequence[str] | None = None

    def batch(self, places: Tensor) -> Tensor:
        """Pixels (N, C, size, size), uint8, in channels-last order in memory."""
        return torch.from_numpy(self.pixels[self.rows[places.numpy()]]).permute(0, 3, 1, 2)


@dataclass(frozen=True, kw_only=True)
class PhaseInputs:
    """Both parts that a phase needs, and the way from a batch of them to logits.

    Epoch e trains on ``views[(e - 1) % len(views)]``, in the same order of places in all.
    ``live`` inputs are pixels, which are augmented in every step.
    """

    views: tuple[Samples, ...]
    validation: Samples
    logits: Callable[[Tensor], Tensor]
    live: bool

    def train(self, epoch: int) -> Samples:
        """What an epoch, counted from 1, trains on."""
        return self.views[(epoch - 1) % len(self.views)]
