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
    """One image: its label, the class with the highest probability, and all probabilities."""

    path: Path
    label: str
    predicted: str
    probabilities: tuple[float, ...]

    @property
    def confidence(self) -> float:
        """The probability of the predicted class."""
        return max(self.probabilities)


class Evaluation(_Record):
    """How good a classifier is on images that it has not learned from.

    ``figures`` holds ``accuracy``, ``balanced_accuracy``, ``macro_f1`` and ``log_loss``;
    classes without images are left out of the averages over classes. ``confusion[i][j]`` counts
    the images of class i that were predicted as class j.
    """

    images: int
    classes: tuple[str, ...]
    figures: dict[str, Figure]
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    predictions: tuple[Prediction, ...]
