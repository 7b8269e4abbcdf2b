from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from graftwork.data.resize import resize
from graftwork.engine.classifier import Classifier
from graftwork.export.onnx_classifier import OnnxClassifier
from graftwork.export.onnx_model import ExportReport
from graftwork.export.preparation import OnnxPreparation
from graftwork.export.verification import (
    SENSITIVITY,
    TIE,
    TOLERANCE,
    ExportRefusedError,
    Reference,
    verify,
)

from .conftest import make_samples

Exported = Callable[..., ExportReport]


@pytest.fixture
def file(exported: Exported) -> Path:
    return exported().file


@pytest.fixture
def model(file: Path) -> OnnxClassifier:
    return OnnxClassifier(file)


@pytest.fixture
def preparation(file: Path) -> OnnxPreparation:
    return OnnxPreparation(file)


def _inputs() -> list[np.ndarray]:
    return [sample[None] for sample in make_samples()]


def _reference(classifier: Classifier) -> Reference:
    double = copy.deepcopy(classifier).double()

    def exact(pixels: Tensor) -> Tensor:
        prepared = classifier.normalize(pixels).double()
        return double.head(double.stages(prepared)).softmax(1)

    return Reference(
        prepare=partial(resize, spec=classifier.info.input),
        answer=lambda pixels: classifier.logits(pixels).softmax(1),
        exact=exact,
    )


def _exactly(prepare: Callable[[Tensor], Tensor], answer: Callable[[Tensor], Tensor]) -> Reference:
    """A reference whose arithmetic has no error of its own."""
    return Reference(prepare=prepare, answer=answer, exact=answer)


def _shifted(classifier: Classifier, by: list[float]) -> Classifier:
    other = copy.deepcopy(classifier)
    with torch.no_grad():
        other.head.linear.bias.add_(torch.tensor(by))
    return other


def _answering(rows: np.ndarray, classifier: Classifier) -> Reference:
    """Gives each image of a batch the probabilities of its row."""
    answers = torch.from_numpy(rows)
    return _exactly(_reference(classifier).prepare, lambda pixels: answers[: len(pixels)])


def test_the_classifier_itself_passes(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier
) -> None:
    assert verify(model, preparation, _reference(classifier), _inputs()) <= TOLERANCE


def test_the_difference_is_the_largest(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier
) -> None:
    inputs = _inputs()
    shifted = _shifted(classifier, [1e-4, 0, 0])
    with torch.inference_mode():
        expected = max(
            float((shifted(image) - classifier(image)).abs().max())
            for image in map(torch.from_numpy, inputs)
        )
    found = verify(model, preparation, _reference(shifted), inputs)
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_difference_names_sample_class_and_size(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier
) -> None:
    shifted = _reference(_shifted(classifier, [0.003, 0, 0]))
    with pytest.raises(
        ExportRefusedError,
        match=r"differs .*alone, sample 1.*\(0\.\d+\) in place of 0\.\d+, 0\.00\d+ apart .*0\.0001",
    ):
        verify(model, preparation, shifted, _inputs())


def test_another_winner_names_both(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier
) -> None:
    shifted = _reference(_shifted(classifier, [8, 0, 0]))
    with pytest.raises(
        ExportRefusedError, match=r"disagrees .*sample 1.*says .* the classifier bee \(0\.9"
    ):
        verify(model, preparation, shifted, _inputs())


class _Answers(OnnxClassifier):
    """A model that gives the same answer to every image."""

    def __init__(self, model: OnnxClassifier, answer: np.ndarray) -> None:
        self.info = model.info
        self._answer = answer

    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        return np.stack([self._answer] * len(batch))


@pytest.mark.parametrize(("gap", "refused"), [(0.5e-6, False), (3e-6, True), (0.5e-4, True)])
def test_winners_may_change_places_only_in_a_tie(
    model: OnnxClassifier,
    preparation: OnnxPreparation,
    classifier: Classifier,
    gap: float,
    *,
    refused: bool,
) -> None:
    """Each probability is within the tolerance; only the winner changes."""
    assert (gap > TIE) is refused
    (image,) = _inputs()[:1]
    given = model.probabilities(image)[0]
    first, second = np.argsort(given)[::-1][:2]
    middle = (given[first] + given[second]) / 2
    tied = given.copy()
    tied[first], tied[second] = middle + gap / 2, middle - gap / 2
    swapped = tied.copy()
    swapped[first], swapped[second] = tied[second], tied[first]
    answers = _Answers(model, tied)
    reference = _answering(np.stack([swapped, swapped]), classifier)
    if refused:
        with pytest.raises(ExportRefusedError, match="disagrees"):
            verify(answers, preparation, reference, [image])
    else:
        found = verify(answers, preparation, reference, [image])
        assert found == pytest.approx(gap, rel=0.2)


def test_what_is_no_number_is_refused(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier
) -> None:
    broken = _reference(_shifted(classifier, [float("nan"), 0, 0]))
    with pytest.raises(ExportRefusedError):
        verify(model, preparation, broken, _inputs())


@pytest.mark.parametrize("count", [2, 6])
def test_a_batch_is_checked_too(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier, count: int
) -> None:
    own = _reference(classifier)

    def spoils_batches(pixels: Tensor) -> Tensor:
        probabilities = own.answer(pixels)
        return probabilities if len(pixels) == 1 else probabilities.flip(0)

    spoiling = _exactly(own.prepare, spoils_batches)
    with pytest.raises(ExportRefusedError, match="in a batch, sample 1"):
        verify(model, preparation, spoiling, _inputs()[:count])


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "in a batch"])
def test_the_difference_counts_wherever_it_is_larger(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier, *, alone: bool
) -> None:
    """It is small enough to be exported, and must be told as it is."""
    own = _reference(classifier)

    def sometimes_off(pixels: Tensor) -> Tensor:
        return _moved(own.answer, TOLERANCE / 2 if (len(pixels) == 1) is alone else 0)(pixels)

    off = _exactly(own.prepare, sometimes_off)
    runs = _Runs(model, preparation, own.answer)
    assert verify(runs, preparation, own, _inputs()) < TOLERANCE / 10
    assert verify(runs, preparation, off, _inputs()) == pytest.approx(TOLERANCE / 2, rel=0.1)


def test_one_sample_is_enough(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier
) -> None:
    assert verify(model, preparation, _reference(classifier), _inputs()[:1]) <= TOLERANCE


def _a_level_off(prepare: Callable[[Tensor], Tensor], part: float) -> Callable[[Tensor], Tensor]:
    """As ``prepare``, but every so many values come out one level lower (or higher at 0)."""

    def off(images: Tensor) -> Tensor:
        pixels = prepare(images).clone(memory_format=torch.contiguous_format)
        some = pixels.view(-1)[:: round(1 / part)]
        some.copy_(torch.where(some > 0, some - 1, some + 1))
        return pixels

    return off


def _one_value_off(prepare: Callable[[Tensor], Tensor], levels: int) -> Callable[[Tensor], Tensor]:
    """As ``prepare``, but for the first value of each batch."""

    def off(images: Tensor) -> Tensor:
        pixels = prepare(images).clone(memory_format=torch.contiguous_format)
        first = pixels.view(-1)[:1]
        first.add_(torch.where(first < 128, levels, -levels))
        return pixels

    return off


def test_a_few_values_may_be_a_level_off(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier
) -> None:
    """And what that does to the answers is not held against the network."""
    own = _reference(classifier)
    off = replace(own, prepare=_a_level_off(own.prepare, 1 / 150))
    assert 0 < verify(model, preparation, off, _inputs()) <= SENSITIVITY


def _touchy(pixels: Tensor) -> Tensor:
    """Probabilities that swing between 0.1 and 0.9 as the mean level changes by a twentieth."""
    first = 0.5 + 0.4 * torch.sin(60 * pixels.double().mean((1, 2, 3)))
    return torch.stack([first, 1 - first, torch.zeros_like(first)], 1).float()


class _Runs(OnnxClassifier):
    """A model that gives ``answer`` to the pixels that the file's resizing gives."""

    def __init__(
        self,
        model: OnnxClassifier,
        preparation: OnnxPreparation,
        answer: Callable[[Tensor], Tensor],
    ) -> None:
        self.info = model.info
        self._preparation, self._answer = preparation, answer

    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        answers: np.ndarray = self._answer(
            torch.from_numpy(self._preparation.pixels(batch))
        ).numpy()
        return answers


def test_what_a_level_may_do_to_the_answers_has_its_bound(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier
) -> None:
    prepare = _reference(classifier).prepare
    touchy = _Runs(model, preparation, _touchy)
    assert verify(touchy, preparation, _exactly(prepare, _touchy), _inputs()) == 0
    off = _exactly(_a_level_off(prepare, 1 / 150), _touchy)
    with pytest.raises(ExportRefusedError, match=r"0\.05 is allowed|disagrees"):
        verify(touchy, preparation, off, _inputs())


def _moved(answer: Callable[[Tensor], Tensor], by: float) -> Callable[[Tensor], Tensor]:
    """As ``answer``, but for what goes from the third class to the first."""
    return lambda pixels: answer(pixels) + by * torch.tensor([1.0, 0.0, -1.0])


@pytest.mark.parametrize(
    ("own_error", "off", "refused"),
    [
        (0, 5e-4, True),
        (3e-4, 5e-4, False),
        (3e-4, 2e-3, True),
        (0.1, 0.06, True),
        (2e-5, 2e-4, True),
    ],
)
def test_a_model_may_be_off_by_some_times_the_classifiers_own_error(
    model: OnnxClassifier,
    preparation: OnnxPreparation,
    classifier: Classifier,
    own_error: float,
    off: float,
    *,
    refused: bool,
) -> None:
    own = _reference(classifier)
    inexact = replace(own, exact=_moved(own.exact, own_error))
    moved = _Runs(model, preparation, _moved(own.answer, off))
    if refused:
        with pytest.raises(ExportRefusedError, match=r"is allowed|disagrees"):
            verify(moved, preparation, inexact, _inputs()[:1])
    else:
        assert verify(moved, preparation, inexact, _inputs()[:1]) == pytest.approx(off, rel=0.01)


def _without_antialias(images: Tensor) -> Tensor:
    planes = images.permute(0, 3, 1, 2).float()
    return nn.functional.interpolate(planes, (64, 64), mode="bilinear").round()


PLANTED_IN_PIXELS: dict[str, Callable[[Callable[[Tensor], Tensor]], Callable[[Tensor], Tensor]]] = {
    "missing antialias": lambda _prepare: _without_antialias,
    "blue and red swapped": lambda prepare: lambda images: prepare(images).flip(1),
    "rounded down": lambda prepare: lambda images: (prepare(images) - 1).clamp(0),
    "turned": lambda prepare: lambda images: prepare(images).transpose(2, 3),
    "not a number": lambda prepare: lambda images: prepare(images) * float("nan"),
    "two of a hundred a level off": lambda prepare: _a_level_off(prepare, 0.02),
    "one value two levels off": lambda prepare: _one_value_off(prepare, 2),
}


@pytest.mark.parametrize("mistake", PLANTED_IN_PIXELS)
def test_a_mistake_in_resizing_is_refused(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier, mistake: str
) -> None:
    own = _reference(classifier)
    wrong = replace(own, prepare=PLANTED_IN_PIXELS[mistake](own.prepare))
    with pytest.raises(ExportRefusedError, match=r"resizes images otherwise .* of 255 levels"):
        verify(model, preparation, wrong, _inputs())


def test_another_size_is_refused(
    model: OnnxClassifier, preparation: OnnxPreparation, classifier: Classifier
) -> None:
    other = classifier.info.input.model_copy(update={"size": 65})
    wrong = replace(_reference(classifier), prepare=partial(resize, spec=other))
    with pytest.raises(ExportRefusedError, match=r"\(3, 64, 64\), the classifier to \(3, 65, 65\)"):
        verify(model, preparation, wrong, _inputs())


def _normalized_otherwise(
    classifier: Classifier, change: Callable[[Classifier], None]
) -> Reference:
    other = copy.deepcopy(classifier)
    change(other)
    return _reference(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda other: other.mean.add_(0.005),
        lambda other: other.std.mul_(1.01),
        lambda other: other.stages[0][0].weight.set_(other.stages[0][0].weight.flip(1)),
        lambda other: other.stages[1][1].running_var.mul_(1.01),
    ],
    ids=["mean", "deviation", "blue and red swapped", "statistics of batch norm"],
)
@torch.no_grad()
def test_a_mistake_behind_resizing_is_refused(
    model: OnnxClassifier,
    preparation: OnnxPreparation,
    classifier: Classifier,
    change: Callable[[Classifier], None],
) -> None:
    wrong = _normalized_otherwise(classifier, change)
    with pytest.raises(ExportRefusedError, match=r"0\.0001 is allowed|disagrees"):
        verify(model, preparation, wrong, _inputs())
