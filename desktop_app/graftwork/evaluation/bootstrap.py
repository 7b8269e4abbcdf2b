"""Macro F1 and means of a thousand resamples, in plain NumPy: scikit-learn is too slow for that.

Labels and predictions are class indices (n,), groups those of ``groups.group_indices`` or None.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graftwork.engine.scores import class_counts, mean_f1

RESAMPLES = 1000
_SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Probabilities = NDArray[np.floating[Any]]


def resampled_f1(labels: Integers, predicted: Integers, groups: Integers | None) -> Floats:
    """Macro F1 of each resample, over the classes with images."""
    classes = int(max(labels.max(), predicted.max())) + 1
    return np.array(
        [
            mean_f1(*class_counts(labels[chosen], predicted[chosen], classes))
            for chosen in _resamples(labels, groups)
        ]
    )


def resampled_means(labels: Integers, values: Floats, groups: Integers | None) -> Floats:
    """The mean of the images' values (n,) in each resample."""
    return np.array([values[chosen].mean() for chosen in _resamples(labels, groups)])


def image_losses(labels: Integers, probabilities: Probabilities) -> Floats:
    """The log loss of each image, in nats.

    Probabilities are clipped to single precision's epsilon, as scikit-learn does with single
    precision, so that one sure error costs 15.9 and not infinity.
    """
    of_truth = np.take_along_axis(probabilities, labels[:, None], 1)[:, 0].astype(np.float64)
    losses: Floats = -np.log(of_truth.clip(_SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY))
    return losses


def squared_errors(labels: Integers, probabilities: Probabilities) -> Floats:
    """The Brier score of each image: all classes' squared errors summed, 0 to 2 (Brier, 1950).

    Their mean is what ``engine.scores`` gives of the validation images.
    """
    errors = probabilities.astype(np.float64)
    errors[np.arange(len(labels)), labels] -= 1
    summed: Floats = np.square(errors, out=errors).sum(1)
    return summed


def _resamples(labels: Integers, groups: Integers | None) -> Iterator[Integers]:
    """Indices of images drawn with replacement: whole groups, or images within classes."""
    rng = np.random.default_rng(0)
    return _within_classes(labels, rng) if groups is None else _whole_groups(groups, rng)


def _within_classes(labels: Integers, rng: np.random.Generator) -> Iterator[Integers]:
    """Each image in place of one of its own class.

    The split fixed how many images of each class there are; so do the resamples.
    """
    by_class = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    starts = np.cumsum(sizes) - sizes
    for _ in range(RESAMPLES):
        within = (rng.random(len(labels)) * sizes[labels]).astype(np.int64)
        yield by_class[starts[labels] + within]


def _whole_groups(groups: Integers, rng: np.random.Generator) -> Iterator[Integers]:
    """As many groups as there are, each with all its images, however often it is drawn."""
    number = int(groups.max()) + 1
    for _ in range(RESAMPLES):
        times = np.bincount(rng.integers(number, size=number), minlength=number)
        yield np.repeat(np.arange(len(groups)), times[groups])
