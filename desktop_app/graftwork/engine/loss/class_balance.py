"""How rare classes are: weights for their images, and the logarithm of how frequent they are.

A class without a training image counts as if it had one, so that nothing becomes infinite.
"""

from __future__ import annotations

import torch
from torch import Tensor

from graftwork.engine.training_settings import ClassWeights

_BETA = 0.999
"""Of the effective number: a further image of a class adds next to nothing after some thousands."""


def class_weights(kind: ClassWeights, counts: Tensor) -> Tensor:
    """What an image of each class weighs (C), float32, of the training images of each (C).

    ``inverse``: as the class is rare. ``effective-number``: inverse to (1 - b^n) / (1 - b) with
    b = 0.999 (Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", 2019). The
    mean over the training images is 1, so that the learning rate keeps its meaning.
    """
    numbers = {
        "none": torch.ones(len(counts), dtype=torch.float64),
        "inverse": _at_least_one(counts),
        "effective-number": 1 - _BETA ** _at_least_one(counts),
    }
    weights = 1 / numbers[kind]
    return (weights * (counts.sum() / (weights * counts).sum())).float()


def log_prior(counts: Tensor) -> Tensor:
    """The logarithm of each class's part of the training images (C), float32."""
    numbers = _at_least_one(counts)
    return (numbers / numbers.sum()).log().float()


def _at_least_one(counts: Tensor) -> Tensor:
    return counts.double().clamp(min=1)
