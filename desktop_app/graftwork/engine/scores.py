"""Validation figures of an epoch, from its confusion counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .training_settings import BestMetric

_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Figures on the validation images; classes without images there do not count."""

    loss: float
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
        }
        return chosen[metric], -self.loss


def scores(labels: npt.NDArray[Any], predicted: npt.NDArray[Any], loss: float) -> Scores:
    """Figures of predicted class indices against the true ones."""
    counts = _confusion(labels, predicted)
    right, true, said = counts.diagonal(), counts.sum(1), counts.sum(0)
    present = true > 0
    return Scores(
        loss=loss,
        accuracy=float(right.sum() / true.sum()),
        balanced_accuracy=float((right[present] / true[present]).mean()),
        macro_f1=float((2 * right[present] / (true + said)[present]).mean()),
    )


def _confusion(labels: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> _Counts:
    size = int(max(labels.max(), predicted.max())) + 1
    flat = np.bincount(labels * size + predicted, minlength=size * size)
    return flat.reshape(size, size).astype(np.int64)
