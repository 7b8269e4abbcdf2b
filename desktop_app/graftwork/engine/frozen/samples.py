"""What a phase trains on above its frozen stages: rows of the cache, or computed on demand."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .passes import FrozenPass
from .probing import LARGEST_HALF, Boundary
from .sources import Source
from .store import Array, Rows


@dataclass(frozen=True, kw_only=True)
class KeptSamples:
    """What left the frozen stages, read from the disk as it was stored."""

    rows: Rows
    labels: Tensor
    channels_last: bool

    def batch(self, places: Tensor) -> Tensor:
        """(N, ...) as the frozen stages gave it, fp16 or fp32."""
        found = aligned(self.rows.gather(places.numpy()))
        return found.movedim(-1, 1) if self.channels_last else found


@dataclass(frozen=True, kw_only=True)
class PassedSamples:
    """The same to the last bit, computed whenever it is asked for, where the disk has no room."""

    frozen: FrozenPass
    source: Source
    boundary: Boundary

    @property
    def labels(self) -> Tensor:
        """The index of each image's class (n)."""
        return self.source.samples.labels

    def batch(self, places: Tensor) -> Tensor:
        """(N, ...) as the frozen stages gave it, fp16 or fp32."""
        (*_, output) = self.frozen(self.source.pixels(places))
        row = aligned(stored(output, self.boundary))
        return row.movedim(-1, 1) if self.boundary.channels_last else row


def aligned(array: Array) -> Tensor:
    """A copy where torch wants it in memory.

    The last bit of a matrix product depends on whether its inputs begin at a multiple of 64 bytes,
    and NumPy's do only now and then.
    """
    return torch.from_numpy(array).clone()


def stored(output: Tensor, boundary: Boundary) -> Array:
    """What leaves the stages (N, ...), float32, as it is kept; what is too great is cut."""
    ordered = output.movedim(1, -1) if boundary.channels_last else output
    if boundary.half:
        ordered = ordered.clamp(-LARGEST_HALF, LARGEST_HALF)
    kept: Array = ordered.to(boundary.dtype).contiguous().numpy()
    return kept


def overflows(output: Tensor, boundary: Boundary) -> bool:
    """Whether storing cuts something off."""
    return boundary.half and not bool((output.abs() <= LARGEST_HALF).all())
