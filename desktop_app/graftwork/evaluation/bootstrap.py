"""Macro F1 and log loss of a thousand resamples, in plain NumPy: scikit-learn is too slow for that.

Labels and predictions are class indices (n,).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
_SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Probabilities = NDArray[np.floating[Any]]


def resampled_figures(labels: Integers, probabilities: Probabilities) -> tuple[Floats, Floats]:
    """Macro F1 and log loss of each resample of images with these probabilities (n, classes)."""
    predicted, losses = probabilities.argmax(1), image_losses(labels, probabilities)
    found = [
        (macro_f1(labels, predicted[chosen], probabilities.shape[1]), losses[chosen].mean())
        for chosen in _resamples(labels)
    ]
    f1, loss = np.array(found).T
    return f1, loss


def image_losses(labels: Integers, probabilities: Probabilities) -> Floats:
    """The log loss of each image, in nats.

    Probabilities are clipped to single precision's epsilon, as scikit-learn does with single
    precision, so that one sure error costs 15.9 and not infinity.
    """
    of_truth = np.take_along_axis(probabilities, labels[:, None], 1)[:, 0].astype(np.float64)
    losses: Floats = -np.log(of_truth.clip(_SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY))
    return losses


def macro_f1(labels: Integers, predicted: Integers, classes: int) -> float:
    """The mean over classes with images of F1 = 2 TP / (images + predictions)."""
    images = np.bincount(labels, minlength=classes)
    said = np.bincount(predicted, minlength=classes)
    right = np.bincount(labels[labels == predicted], minlength=classes)
    present = images > 0
    return float((2 * right[present] / (images + said)[present]).mean())


def _resamples(labels: Integers) -> Iterator[Integers]:
    """Indices of images drawn with replacement, each in place of one of its own class.

    The split fixed how many images of each class there are; so do the resamples.
    """
    rng = np.random.default_rng(0)
    by_class = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    starts = np.cumsum(sizes) - sizes
    for _ in range(RESAMPLES):
        within = (rng.random(len(labels)) * sizes[labels]).astype(np.int64)
        yield by_class[starts[labels] + within]
