"""Headline figures with 95 % intervals, from labels (n,) and probabilities (n, classes).

Labels are class indices; there are two classes or more. Classes without images do not enter
averages over classes. All values are scikit-learn's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    recall_score,
)

from .bootstrap import RESAMPLES, Floats, Integers, Probabilities, resampled_figures
from .report import ClassFigures, Figure


def headline_figures(labels: Integers, probabilities: Probabilities) -> dict[str, Figure]:
    """Accuracy, balanced accuracy, macro F1 and log loss of at least one image."""
    predicted = probabilities.argmax(1)
    f1 = f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0)
    loss = log_loss(labels, probabilities, labels=range(probabilities.shape[1]))
    f1_again, loss_again = resampled_figures(labels, probabilities)
    return {
        "accuracy": accuracy(labels, predicted),
        "balanced_accuracy": balanced_accuracy(labels, predicted),
        "macro_f1": _bootstrapped(f1, f1_again),
        "log_loss": _bootstrapped(loss, loss_again),
    }


def confusion_counts(labels: Integers, predicted: Integers, classes: int) -> Integers:
    """Images by true class (rows) and predicted class (columns)."""
    counts: Integers = confusion_matrix(labels, predicted, labels=range(classes))
    return counts


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
    right = accuracy_score(labels, predicted)
    low, high = wilson_interval(right, len(labels))
    return Figure(value=right, low=low, high=high, method="Wilson")


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


def _bootstrapped(value: float, resampled: Floats) -> Figure:
    low, high = np.percentile(resampled, [2.5, 97.5])
    method = f"bootstrap, {RESAMPLES} resamples within classes"
    if low == high:
        method += "; all came out alike, so the interval says nothing"
    return Figure(value=value, low=low, high=high, method=method)
