"""Headline figures with 95 % intervals, from labels (n,) and probabilities (n, classes).

Labels are class indices. All but the log loss follow from the confusion counts: rows are true
classes, columns predicted ones. Classes without images do not enter averages over classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.metrics import precision_recall_fscore_support

from .report import ClassFigures, Figure

RESAMPLES = 1000
_SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Probabilities = NDArray[np.floating[Any]]


def headline_figures(labels: Integers, probabilities: Probabilities) -> dict[str, Figure]:
    """Accuracy, balanced accuracy, macro F1 and log loss of at least one image."""
    predicted = probabilities.argmax(1)
    counts = confusion_counts(labels, predicted, probabilities.shape[1])
    losses = image_losses(labels, probabilities)
    f1_again, loss_again = _resampled(labels, predicted, losses, probabilities.shape[1])
    return {
        "accuracy": accuracy(counts),
        "balanced_accuracy": balanced_accuracy(counts),
        "macro_f1": _bootstrapped(macro_f1(counts), f1_again),
        "log_loss": _bootstrapped(float(losses.mean()), loss_again),
    }


def confusion_counts(labels: Integers, predicted: Integers, classes: int) -> Integers:
    """Images by true class (rows) and predicted class (columns)."""
    pairs = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return pairs.reshape(classes, classes)


def image_losses(labels: Integers, probabilities: Probabilities) -> Floats:
    """The log loss of each image, in nats.

    Probabilities are clipped to single precision's epsilon, as scikit-learn does with single
    precision, so that one sure error costs 15.9 and not infinity.
    """
    of_truth = np.take_along_axis(probabilities, labels[:, None], 1)[:, 0].astype(np.float64)
    losses: Floats = -np.log(of_truth.clip(_SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY))
    return losses


def macro_f1(counts: Integers) -> float:
    """The mean over classes with images of F1 = 2 TP / (images + predictions)."""
    images = counts.sum(1)
    present = images > 0
    f1 = 2 * counts.diagonal()[present] / (images + counts.sum(0))[present]
    return float(f1.mean())


def class_figures(
    labels: Integers, predicted: Integers, classes: Sequence[str]
) -> tuple[ClassFigures, ...]:
    """Precision, recall, F1 and number of images of each class, in class order."""
    columns = precision_recall_fscore_support(
        labels, predicted, labels=range(len(classes)), zero_division=0
    )
    return tuple(
        ClassFigures(name=name, precision=precision, recall=recall, f1=f1, images=images)
        for name, precision, recall, f1, images in zip(classes, *columns, strict=True)
    )


def accuracy(counts: Integers) -> Figure:
    """The share of images that are right, with Wilson's interval."""
    images = float(counts.sum())
    right = float(counts.trace()) / images
    low, high = wilson_interval(right, images)
    return Figure(value=right, low=low, high=high, method="Wilson")


def balanced_accuracy(counts: Integers) -> Figure:
    """Mean recall, with Wilson's interval for as many images as its variance is worth.

    If every recall were p, their mean would vary by p (1 - p) / effective. A bootstrap is no good
    here: a class of which all images are right, however few, would add no doubt at all.
    """
    images = counts.sum(1)
    present = images > 0
    recall = float((counts.diagonal()[present] / images[present]).mean())
    effective = float(present.sum() ** 2 / (1 / images[present]).sum())
    low, high = wilson_interval(recall, effective)
    return Figure(value=recall, low=low, high=high, method="Wilson, effective number of images")


def wilson_interval(share: float, images: float) -> tuple[float, float]:
    """The 95 % score interval of a share of ``images``, which need not be whole.

    Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    z = float(norm.ppf(0.975))
    center = share + z**2 / (2 * images)
    reach = z * math.sqrt(share * (1 - share) / images + (z / (2 * images)) ** 2)
    scale = 1 + z**2 / images
    return max(0.0, (center - reach) / scale), min(1.0, (center + reach) / scale)


def _resampled(
    labels: Integers, predicted: Integers, losses: Floats, classes: int
) -> tuple[Floats, Floats]:
    """Macro F1 and log loss of each resample."""
    found = [
        (macro_f1(confusion_counts(labels, predicted[chosen], classes)), losses[chosen].mean())
        for chosen in _resamples(labels)
    ]
    f1, loss = np.array(found).T
    return f1, loss


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


def _bootstrapped(value: float, resampled: Floats) -> Figure:
    low, high = np.percentile(resampled, [2.5, 97.5])
    method = f"bootstrap, {RESAMPLES} resamples within classes"
    if low == high:
        method += "; all came out alike, so the interval says nothing"
    return Figure(value=value, low=low, high=high, method=method)
