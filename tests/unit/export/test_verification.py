from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch

from graftwork.engine.classifier import Classifier
from graftwork.export.onnx_classifier import OnnxClassifier
from graftwork.export.onnx_model import ExportReport
from graftwork.export.verification import TOLERANCE, ExportRefusedError, verify

from .conftest import make_samples

Exported = Callable[..., ExportReport]


@pytest.fixture
def model(exported: Exported) -> OnnxClassifier:
    return OnnxClassifier(exported().file)


def _inputs() -> list[np.ndarray]:
    return [sample[None] for sample in make_samples()]


def _shifted(classifier: Classifier, by: list[float]) -> Classifier:
    other = copy.deepcopy(classifier)
    with torch.no_grad():
        other.head.linear.bias.add_(torch.tensor(by))
    return other


class _Fixed(torch.nn.Module):
    """Gives each image of a batch the probabilities of its row."""

    def __init__(self, rows: np.ndarray) -> None:
        super().__init__()
        self.rows = torch.from_numpy(rows)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.rows[: len(images)]


def test_the_classifier_itself_passes(model: OnnxClassifier, classifier: Classifier) -> None:
    assert verify(model, classifier, _inputs()) <= TOLERANCE


def test_the_difference_is_the_largest(model: OnnxClassifier, classifier: Classifier) -> None:
    inputs = _inputs()
    shifted = _shifted(classifier, [1e-4, 0, 0])
    with torch.inference_mode():
        expected = max(
            float((shifted(image) - classifier(image)).abs().max())
            for image in map(torch.from_numpy, inputs)
        )
    assert verify(model, shifted, inputs) == pytest.approx(expected, abs=1e-5)


def test_a_difference_names_sample_class_and_size(
    model: OnnxClassifier, classifier: Classifier
) -> None:
    with pytest.raises(
        ExportRefusedError,
        match=r"differs .*alone, sample 1.*\(0\.\d+\) in place of 0\.\d+, 0\.00\d+ apart .*0\.0001",
    ):
        verify(model, _shifted(classifier, [0.003, 0, 0]), _inputs())


def test_another_winner_names_both(model: OnnxClassifier, classifier: Classifier) -> None:
    with pytest.raises(
        ExportRefusedError, match=r"disagrees .*sample 1.*says .* the classifier bee \(0\.9"
    ):
        verify(model, _shifted(classifier, [8, 0, 0]), _inputs())


@pytest.mark.parametrize(("gap", "refused"), [(0.5e-6, False), (3e-6, True), (0.5e-4, True)])
def test_winners_may_change_places_only_in_a_tie(
    model: OnnxClassifier, gap: float, *, refused: bool
) -> None:
    """Each probability is within the tolerance; only the winner changes."""
    (image,) = _inputs()[:1]
    given = model.probabilities(image)[0]
    first, second = np.argsort(given)[::-1][:2]
    middle = (given[first] + given[second]) / 2
    tied = given.copy()
    tied[first], tied[second] = middle + gap / 2, middle - gap / 2
    swapped = tied.copy()
    swapped[first], swapped[second] = tied[second], tied[first]
    answers = _Answers(model, tied)
    reference = _Fixed(np.stack([swapped, swapped]))
    if refused:
        with pytest.raises(ExportRefusedError, match="disagrees"):
            verify(answers, reference, [image])
    else:
        assert verify(answers, reference, [image]) == pytest.approx(gap, rel=0.2)


class _Answers(OnnxClassifier):
    """A model that gives the same answer to every image."""

    def __init__(self, model: OnnxClassifier, answer: np.ndarray) -> None:
        self.info = model.info
        self._answer = answer

    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        return np.stack([self._answer] * len(batch))


def test_what_is_no_number_is_refused(model: OnnxClassifier, classifier: Classifier) -> None:
    with pytest.raises(ExportRefusedError):
        verify(model, _shifted(classifier, [float("nan"), 0, 0]), _inputs())


class _SpoilsBatches(torch.nn.Module):
    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        probabilities: torch.Tensor = self.classifier(images)
        return probabilities if len(images) == 1 else probabilities.flip(0)


@pytest.mark.parametrize("count", [2, 6])
def test_a_batch_is_checked_too(model: OnnxClassifier, classifier: Classifier, count: int) -> None:
    with pytest.raises(ExportRefusedError, match="in a batch, sample 1"):
        verify(model, _SpoilsBatches(classifier), _inputs()[:count])


def test_one_sample_is_enough(model: OnnxClassifier, classifier: Classifier) -> None:
    assert verify(model, classifier, _inputs()[:1]) <= TOLERANCE
