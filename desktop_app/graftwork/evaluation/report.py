"""What an evaluation found: plain figures that can be kept as JSON."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Record):
    """A figure with its 95 % interval, and in words how the interval was found."""

    value: float
    low: float
    high: float
    method: str


class ClassFigures(_Record):
    """How one class fares; ``images`` is how many of the images belong to it.

    A figure that is undefined (recall without images, precision of a class that was never
    predicted) is 0, as in scikit-learn with ``zero_division=0``.
    """

    name: str
    precision: float
    recall: float
    f1: float
    images: int


class Prediction(_Record):
    """One image: its label, the class that was predicted, and the most probable classes.

    ``probabilities`` are those of ten classes at most, the highest first.
    """

    path: Path
    label: str
    predicted: str
    probabilities: dict[str, float]

    @property
    def confidence(self) -> float:
        """The probability of the predicted class."""
        return self.probabilities[self.predicted]


class Evaluation(_Record):
    """How good a classifier is on images that it has not learned from.

    ``figures`` holds ``accuracy``, ``balanced_accuracy``, ``macro_f1``, ``log_loss`` and ``brier``,
    the mean squared error of the probabilities, 0 to 2; classes without images are left out of the
    averages over classes. Where class names have levels, such as ``bird/owl``, there are
    ``accuracy_level_1`` and so on, and ``tree_distance``.
    ``confusion`` lists (i, j, number): so many images of class i were predicted as class j; pairs
    without images are left out. ``weights`` is the digest of the weights that were measured, if it
    was the best ones that a run had until then.
    """

    images: int
    classes: tuple[str, ...]
    figures: dict[str, Figure]
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, int, int], ...]
    predictions: tuple[Prediction, ...]
    weights: str | None = None
