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
from sklearn.metrics import f1_score, precision_recall_fscore_support, recall_score

from .answers import Answers
from .bootstrap import RESAMPLES, Floats, Integers, resampled_f1, resampled_means
from .groups import effective_images, interval_tails
from .report import ClassFigures, Figure


def headline_figures(found: Answers, groups: Integers | None = None) -> dict[str, Figure]:
    """Accuracy, balanced accuracy, macro F1, log loss and Brier score of at least one image.

    ``groups`` (n) are those of ``group_indices``: intervals are then for images of other groups.
    """
    labels, predicted = found.labels, found.predicted
    f1 = f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0)
    return {
        "accuracy": share(labels == predicted, groups),
        "balanced_accuracy": balanced_accuracy(labels, predicted, groups),
        "macro_f1": bootstrapped(f1, resampled_f1(labels, predicted, groups), groups),
        "log_loss": mean(labels, found.losses, groups),
        "brier": mean(labels, found.squared_errors, groups),
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


def share(right: NDArray[np.bool_], groups: Integers | None = None) -> Figure:
    """The share of images (n) that are right, with Wilson's interval."""
    effective = effective_images(right, np.zeros(len(right), dtype=np.int64), groups)
    method = "Wilson" if groups is None else "Wilson, effective number of images"
    return _wilson(float(right.mean()), effective, method, groups)


def balanced_accuracy(
    labels: Integers, predicted: Integers, groups: Integers | None = None
) -> Figure:
    """Mean recall, with Wilson's interval for as many images as its variance is worth.

    A bootstrap is no good here: a class of which all images are right, however few, would add no
    doubt at all.
    """
    # Not balanced_accuracy_score, which warns of predicted classes that have no images.
    present = np.unique(labels)
    recall = recall_score(labels, predicted, labels=present, average="macro", zero_division=0)
    effective = effective_images(labels == predicted, labels, groups)
    return _wilson(float(recall), effective, "Wilson, effective number of images", groups)


def mean(labels: Integers, values: Floats, groups: Integers | None = None) -> Figure:
    """The mean of the images' values (n)."""
    return bootstrapped(float(values.mean()), resampled_means(labels, values, groups), groups)


def _wilson(value: float, effective: float, method: str, groups: Integers | None) -> Figure:
    low, high = wilson_interval(value, effective)
    return Figure(value=value, low=low, high=high, method=method + _by(groups))


def _by(groups: Integers | None) -> str:
    return "" if groups is None else ", by groups"


def wilson_interval(share: float, images: float) -> tuple[float, float]:
    """The 95 % score interval of a share of ``images``, which need not be whole.

    Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    z = float(norm.ppf(0.975))
    center = share + z**2 / (2 * images)
    reach = z * math.sqrt(share * (1 - share) / images + (z / (2 * images)) ** 2)
    scale = 1 + z**2 / images
    return max(0.0, (center - reach) / scale), min(1.0, (center + reach) / scale)


def bootstrapped(value: float, resampled: Floats, groups: Integers | None) -> Figure:
    """A figure with the middle 95 % of what its resamples came to."""
    low, high = np.quantile(resampled, interval_tails(groups))
    within = " within classes" if groups is None else ""
    method = f"bootstrap, {RESAMPLES} resamples{within}{_by(groups)}"
    if low == high:
        method += "; all came out alike, so the interval says nothing"
    return Figure(value=value, low=low, high=high, method=method)
