"""Numbers that look random and depend on a seed and their purpose alone.

An image's numbers are a function of its own seed, computed for a whole batch at once in integers,
so that neither the batch around it, nor the device, nor an earlier draw can change them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import IntEnum, auto

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
"""One number for each image of a batch (N,)."""

Words = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


class Draw(IntEnum):
    """What a number is drawn for; each has a stream of its own.

    The policy's are for its first operation; the second takes those ``SECOND_OPERATION`` further.
    """

    TURN = auto()
    MIRRORED = auto()
    QUARTER_TURNS = auto()
    AREA = auto()
    STRETCH = auto()
    ACROSS = auto()
    DOWN = auto()
    BRIGHTNESS = auto()
    CONTRAST = auto()
    SATURATION = auto()
    IS_ERASED = auto()
    ERASED_AREA = auto()
    ERASED_STRETCH = auto()
    ERASED_ACROSS = auto()
    ERASED_DOWN = auto()
    OPERATION = auto()
    STRENGTH = auto()
    DIRECTION = auto()


SECOND_OPERATION = 3


def sample_seed(*parts: int) -> int:
    """A seed of 63 bits that depends on all parts and nothing else."""
    digest = hashlib.blake2b(",".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class Draws:
    """The random numbers of a batch of images."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = np.array(seeds, dtype=np.uint64)

    def __len__(self) -> int:
        return len(self._seeds)

    def unit(self, purpose: int) -> Numbers:
        """Uniform in [0, 1)."""
        return (split_mix(self._seeds, purpose) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def between(self, low: float, high: float, purpose: int) -> Numbers:
        """Uniform in [low, high)."""
        return low + (high - low) * self.unit(purpose)

    def ratio(self, most: float, purpose: int) -> Numbers:
        """Between 1 / most and most, with a uniform logarithm."""
        return np.exp(self.between(-np.log(most), np.log(most), purpose))


def split_mix(seeds: Words, number: int) -> Words:
    """The ``number``-th output, from 1, of the generator SplitMix64 begun at each seed.

    Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
    """
    mixed: Words = seeds + _GOLDEN * np.array([number], np.uint64)  # arrays wrap around silently
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    mixed ^= mixed >> np.uint64(31)
    return mixed
