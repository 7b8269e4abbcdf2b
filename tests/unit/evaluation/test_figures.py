from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import log_loss

from graftwork.engine.scores import ScoreTally
from graftwork.evaluation.answers import answers
from graftwork.evaluation.figures import (
    balanced_accuracy,
    class_figures,
    confusion_entries,
    headline_figures,
    wilson_interval,
)
from graftwork.evaluation.report import Figure


@st.composite
def results(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of 1 to 60 images; some classes may have none."""
    classes = draw(st.integers(2, 6))
    images = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    taught = rng.choice(classes, rng.integers(1, classes + 1), replace=False)
    labels = rng.choice(taught, images)
    probabilities = rng.dirichlet(np.full(classes, 0.3), images).astype(np.float32)
    return labels, probabilities


def _figures(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Figure]:
    return headline_figures(answers(labels, probabilities))


def _dense(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    counts = np.zeros((classes, classes), dtype=np.int64)
    for true, said, images in confusion_entries(labels, predicted):
        assert images > 0
        counts[true, said] += images
    return counts


def _by_hand(labels: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float]:
    """Accuracy, mean recall and mean F1 over the classes with images, from their definitions."""
    recalls, f1 = [], []
    for number in np.unique(labels):
        true, said = labels == number, predicted == number
        recalls.append((true & said).sum() / true.sum())
        f1.append(2 * (true & said).sum() / (true.sum() + said.sum()))
    return float((labels == predicted).mean()), float(np.mean(recalls)), float(np.mean(f1))


@given(results())
@settings(max_examples=30, deadline=None)
def test_figures_are_as_defined(result: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = result
    predicted = probabilities.argmax(1)
    figures = _figures(labels, probabilities)
    found = [figures[name].value for name in ("accuracy", "balanced_accuracy", "macro_f1")]
    assert found == pytest.approx(_by_hand(labels, predicted))
    counts = _dense(labels, predicted, probabilities.shape[1])
    pairs = np.zeros_like(counts)
    np.add.at(pairs, (labels, predicted), 1)
    assert np.array_equal(counts, pairs)


@given(results())
@settings(max_examples=30, deadline=None)
def test_log_loss_is_that_of_scikit_learn(result: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = result
    expected = log_loss(labels, probabilities, labels=range(probabilities.shape[1]))
    found = _figures(labels, probabilities)["log_loss"].value
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)


@given(results())
@settings(max_examples=30, deadline=None)
def test_the_brier_score_is_that_by_which_weights_are_chosen(
    result: tuple[np.ndarray, np.ndarray],
) -> None:
    labels, probabilities = result
    tally = ScoreTally()
    tally.add(torch.from_numpy(np.log(probabilities.clip(1e-30))), torch.from_numpy(labels))
    figure = _figures(labels, probabilities)["brier"]
    assert figure.value == pytest.approx(tally.scores().brier, rel=1e-4, abs=1e-9)
    assert 0 <= figure.low <= figure.high <= 2


@given(results())
@settings(max_examples=30, deadline=None)
def test_every_value_lies_in_its_interval(result: tuple[np.ndarray, np.ndarray]) -> None:
    figures = _figures(*result)
    for name in ("accuracy", "balanced_accuracy"):
        figure = figures[name]
        assert 0 <= figure.low <= figure.value + 1e-12
        assert figure.value - 1e-12 <= figure.high <= 1
        assert figure.high > figure.low
    assert figures["macro_f1"].low <= figures["macro_f1"].high
    assert 0 <= figures["log_loss"].low <= figures["log_loss"].high <= 16


@given(results())
@settings(max_examples=30, deadline=None)
def test_per_class_figures_agree_with_the_confusion(result: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probabilities = result
    predicted = probabilities.argmax(1)
    names = [f"class {number}" for number in range(probabilities.shape[1])]
    counts = _dense(labels, predicted, len(names))
    for number, figures in enumerate(class_figures(labels, predicted, names)):
        right = counts[number, number]
        assert figures.name == names[number]
        assert figures.images == counts[number].sum()
        assert figures.recall == pytest.approx(right / max(1, counts[number].sum()))
        assert figures.precision == pytest.approx(right / max(1, counts[:, number].sum()))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_scipy(share: tuple[int, int]) -> None:
    right, images = share
    expected = binomtest(right, images).proportion_ci(0.95, method="wilson")
    found = wilson_interval(right / images, images)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


def _sure(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[predicted]


def test_equal_classes_give_balanced_accuracy_the_interval_of_accuracy() -> None:
    labels = np.repeat([0, 1, 2], 20)
    predicted = np.where(np.arange(60) % 7 == 0, (labels + 1) % 3, labels)
    figures = _figures(labels, _sure(labels, predicted, 3))
    assert figures["balanced_accuracy"].low == pytest.approx(figures["accuracy"].low)
    assert figures["balanced_accuracy"].high == pytest.approx(figures["accuracy"].high)


def test_a_small_class_widens_balanced_accuracy() -> None:
    labels = np.repeat([0, 1], [200, 3])
    figures = _figures(labels, _sure(labels, labels, 2))
    assert figures["accuracy"].low > 0.98
    assert figures["balanced_accuracy"].low < 0.8


@pytest.mark.parametrize("images", [1, 30])
def test_all_right(images: int) -> None:
    labels = np.arange(images) % 3
    figures = _figures(labels, _sure(labels, labels, 3))
    assert [figures[name].value for name in ("accuracy", "balanced_accuracy", "macro_f1")] == [
        1.0,
        1.0,
        1.0,
    ]
    assert figures["log_loss"].value == pytest.approx(0, abs=1e-6)
    assert figures["brier"].value == 0
    assert figures["balanced_accuracy"].low < 1
    assert "says nothing" in figures["macro_f1"].method


@pytest.mark.parametrize("images", [1, 30])
def test_all_wrong_costs_a_finite_loss(images: int) -> None:
    labels = np.arange(images) % 3
    figures = _figures(labels, _sure(labels, (labels + 1) % 3, 3))
    assert figures["accuracy"].value == figures["balanced_accuracy"].value == 0
    assert figures["accuracy"].high > 0
    assert figures["macro_f1"].value == 0
    assert figures["log_loss"].value == pytest.approx(-np.log(np.finfo(np.float32).eps))
    assert figures["brier"].value == 2


def test_images_of_one_class_alone_can_be_measured() -> None:
    labels = np.zeros(5, dtype=np.int64)
    figures = _figures(labels, _sure(labels, labels, 2))
    assert figures["accuracy"].value == figures["macro_f1"].value == 1
    assert figures["balanced_accuracy"].value == 1
    assert confusion_entries(labels, labels) == ((0, 0, 5),)


def test_a_class_without_images_leaves_the_averages_alone() -> None:
    labels = np.array([0, 0, 1, 1])
    predicted = np.array([0, 0, 1, 2])
    figures = _figures(labels, _sure(labels, predicted, 3))
    assert figures["balanced_accuracy"].value == pytest.approx((1 + 0.5) / 2)
    assert figures["macro_f1"].value == pytest.approx((1 + 2 / 3) / 2)
    assert class_figures(labels, predicted, "abc")[2].images == 0


def test_the_same_images_give_the_same_intervals() -> None:
    rng = np.random.default_rng(3)
    labels, probabilities = rng.integers(0, 4, 50), rng.dirichlet(np.ones(4), 50)
    assert _figures(labels, probabilities) == _figures(labels, probabilities)


def test_balanced_accuracy_is_covered_as_often_as_it_says() -> None:
    """The true mean recall of unlike classes, some small, lies in 95 % of the intervals."""
    rng = np.random.default_rng(0)
    sizes, recalls = np.array([5, 20, 60]), np.array([0.8, 0.85, 0.9])
    labels = np.repeat([0, 1, 2], sizes)
    covered = 0
    for _ in range(400):
        right = rng.random(len(labels)) < recalls[labels]
        predicted = np.where(right, labels, (labels + 1) % 3)
        figure = balanced_accuracy(labels, predicted)
        covered += figure.low <= recalls.mean() <= figure.high
    assert covered >= 0.93 * 400


@pytest.mark.parametrize("groups", [lambda _: None, lambda rng: rng.integers(0, 3000, 10_000)])
def test_ten_thousand_images_of_a_hundred_classes_take_little_time(
    groups: Callable[[np.random.Generator], np.ndarray | None],
) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 100, 10_000)
    found = answers(labels, rng.dirichlet(np.ones(100), 10_000).astype(np.float32))
    start = time.process_time()
    headline_figures(found, groups(rng))
    assert time.process_time() - start < 3
