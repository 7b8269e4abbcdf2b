"""What is kept of a classifier's probabilities: few numbers an image, however many classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .bootstrap import Floats, Integers, Probabilities, image_losses, squared_errors

KEPT_CLASSES = 10
"""Of each image the probabilities of so many classes are kept, the most probable ones."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a classifier said of n images whose classes are ``labels`` (n).

    ``losses`` (n) are the log losses, ``squared_errors`` (n) the Brier scores, ``classes``
    (n, kept) the most probable classes, the most probable first, and ``probabilities`` (n, kept)
    theirs.
    """

    labels: Integers
    losses: Floats
    squared_errors: Floats
    classes: Integers
    probabilities: Probabilities

    @property
    def predicted(self) -> Integers:
        """The most probable class of each image (n)."""
        return self.classes[:, 0]


def answers(labels: Integers, probabilities: Probabilities) -> Answers:
    """What to keep of the probabilities (n, classes); of equal ones the first class wins."""
    # Copied, for a view would keep the whole order of all classes in memory.
    classes = np.argsort(-probabilities, axis=1, kind="stable")[:, :KEPT_CLASSES].copy()
    return Answers(
        labels=labels,
        losses=image_losses(labels, probabilities),
        squared_errors=squared_errors(labels, probabilities),
        classes=classes,
        probabilities=np.take_along_axis(probabilities, classes, 1),
    )


def joined(parts: Sequence[Answers]) -> Answers:
    """The answers for several batches as one."""
    return Answers(
        labels=np.concatenate([part.labels for part in parts]),
        losses=np.concatenate([part.losses for part in parts]),
        squared_errors=np.concatenate([part.squared_errors for part in parts]),
        classes=np.concatenate([part.classes for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
    )
