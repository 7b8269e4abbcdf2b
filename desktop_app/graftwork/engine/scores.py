"""Figures of an epoch on the validation images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from .training_settings import BestMetric

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Figures on the validation images; classes without images there do not count.

    ``brier`` is the mean over images of the squared errors of all classes' probabilities, 0 to 2
    (Brier, 1950). Like the loss it is lowest for the true probabilities, but one image that is
    surely wrong costs 2 and not whatever: it chooses better where validation images are few.
    """

    loss: float
    brier: float
    accuracy: float
    balanced_accuracy: float
    macro_f1: float

    def rank(self, metric: BestMetric) -> tuple[float, float]:
        """What decides which weights are better: the metric, and the lower loss at a tie."""
        chosen = {
            "accuracy": self.accuracy,
            "balanced-accuracy": self.balanced_accuracy,
            "macro-f1": self.macro_f1,
            "loss": -self.loss,
            "brier": -self.brier,
        }
        return chosen[metric], -self.loss


def scores(labels: Indices, predicted: Indices, *, loss: float, brier: float) -> Scores:
    """Figures of predicted class indices (n) against the true ones, at least one."""
    classes = int(max(labels.max(), predicted.max())) + 1
    right, true, said = class_counts(labels, predicted, classes)
    present = true > 0
    return Scores(
        loss=loss,
        brier=brier,
        accuracy=float(right.sum() / true.sum()),
        balanced_accuracy=float((right[present] / true[present]).mean()),
        macro_f1=mean_f1(right, true, said),
    )


def class_counts(
    labels: Indices, predicted: Indices, classes: int
) -> tuple[Indices, Indices, Indices]:
    """Of each class: images that are right, that there are, and that were taken for it.

    In memory for the classes, not for their pairs. Not by scikit-learn: it needs 4 ms in place of
    0.02, which every epoch on cached features and each of a thousand resamples would feel.
    """
    right = np.bincount(labels[labels == predicted], minlength=classes)
    return right, np.bincount(labels, minlength=classes), np.bincount(predicted, minlength=classes)


def mean_f1(right: Indices, true: Indices, said: Indices) -> float:
    """The mean of F1 = 2 right / (true + said) over the classes that have images."""
    present = true > 0
    return float((2 * right[present] / (true + said)[present]).mean())


class ScoreTally:
    """Gathers the figures of batches, so that no more than a batch's logits are in memory."""

    def __init__(self) -> None:
        self._labels: list[Indices] = []
        self._predicted: list[Indices] = []
        self._loss = self._brier = 0.0

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Take in the logits (N, classes) of a batch and its labels (N)."""
        labels = labels.to(logits.device)
        self._loss += float(functional.cross_entropy(logits.float(), labels, reduction="sum"))
        self._brier += _squared_errors(logits.float().softmax(1), labels)
        self._labels.append(labels.cpu().numpy())
        self._predicted.append(logits.argmax(1).cpu().numpy())

    def scores(self) -> Scores:
        """The figures of all that was taken in, at least one image."""
        labels, predicted = np.concatenate(self._labels), np.concatenate(self._predicted)
        images = len(labels)
        return scores(labels, predicted, loss=self._loss / images, brier=self._brier / images)


def _squared_errors(probabilities: Tensor, labels: Tensor) -> float:
    """Summed over images and classes; in place, so that there is no second matrix."""
    probabilities[torch.arange(len(labels), device=labels.device), labels] -= 1
    return float(probabilities.square_().sum())
