"""Figures with 95 % intervals, from class indices (n) that are true and predicted.

There are two classes or more. Classes without images do not enter averages over classes. Values
are scikit-learn's. Memory is for the images and the classes, never for pairs of classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    precision_recall_fscore_support,
    recall_score,
)

from .bootstrap import RESAMPLES, Floats, Integers, resampled_f1, resampled_means
from .report import ClassFigures, Figure


def headline_figures(labels: Integers, predicted: Integers, losses: Floats) -> dict[str, Figure]:
    """Accuracy, balanced accuracy, macro F1 and log loss of at least one image."""
    f1 = f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0)
    return {
        "accuracy": accuracy(labels, predicted),
        "balanced_accuracy": balanced_accuracy(labels, predicted),
        "macro_f1": bootstrapped(f1, resampled_f1(labels, predicted)),
        "log_loss": bootstrapped(float(losses.mean()), resampled_means(labels, losses)),
    }


def confusion_entries(labels: Integers, predicted: Integers) -> tuple[tuple[int, int, int], ...]:
    """True class, predicted class and number of images, of the pairs that have images."""
    pairs, images = np.unique(np.stack([labels, predicted]), axis=1, return_counts=True)
    return tuple(zip(*pairs.tolist(), images.tolist(), strict=True))


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


def accuracy(labels: Integers, predicted: Integers) -> Figure:
    """The share of images that are right, with Wilson's interval."""
    return _share(accuracy_score(labels, predicted), len(labels))


def share(right: NDArray[np.bool_]) -> Figure:
    """The share of images (n) that are right, with Wilson's interval."""
    return _share(float(right.mean()), len(right))


def _share(value: float, images: int) -> Figure:
    low, high = wilson_interval(value, images)
    return Figure(value=value, low=low, high=high, method="Wilson")


def balanced_accuracy(labels: Integers, predicted: Integers) -> Figure:
    """Mean recall, with Wilson's interval for as many images as its variance is worth.

    If every recall were p, their mean would vary by p (1 - p) / effective. A bootstrap is no good
    here: a class of which all images are right, however few, would add no doubt at all.
    """
    # Not balanced_accuracy_score, which warns of predicted classes that have no images.
    present, images = np.unique(labels, return_counts=True)
    recall = recall_score(labels, predicted, labels=present, average="macro", zero_division=0)
    effective = float(len(present) ** 2 / (1 / images).sum())
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


def bootstrapped(value: float, resampled: Floats) -> Figure:
    """A figure with the middle 95 % of what its resamples came to."""
    low, high = np.percentile(resampled, [2.5, 97.5])
    method = f"bootstrap, {RESAMPLES} resamples within classes"
    if low == high:
        method += "; all came out alike, so the interval says nothing"
    return Figure(value=value, low=low, high=high, method=method)
