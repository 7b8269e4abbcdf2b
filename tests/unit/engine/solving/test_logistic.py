"""The solver against scikit-learn's and against the definition of an optimum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression as Reference
from torch.nn import functional

from graftwork.engine.loss.build import build_loss
from graftwork.engine.solving import logistic
from graftwork.engine.solving.logistic import TOLERANCE, LogisticRegression, Solution
from graftwork.engine.training_settings import TrainingSettings

IMAGES = 400


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """64 features of unlike spread, three of which are always zero, and ten classes."""
    features, labels = load_digits(return_X_y=True)
    return features[:IMAGES].astype(np.float32), labels[:IMAGES]


def _regression(features, labels, loss=functional.cross_entropy, classes=10):
    return LogisticRegression(torch.from_numpy(features), torch.from_numpy(labels), classes, loss)


def _solve(regression: LogisticRegression, strength: float) -> Solution:
    list(regression.solve(strength))
    return regression.solution()


def _scaled(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The features as the solver sees them, and what each was divided by."""
    deviation = features.astype(np.float64).std(0)
    common = np.sqrt((deviation**2).mean())
    scale = np.sqrt(np.where(deviation > 0, deviation, common) * common)
    return (features - features.mean(0)) / scale, scale


@pytest.mark.parametrize("strength", [1.0, 0.1, 0.001])
def test_it_finds_what_scikit_learn_finds(digits, strength):
    features, labels = digits
    scaled, scale = _scaled(features)
    reference = Reference(C=1 / (IMAGES * strength), tol=1e-8, max_iter=5000).fit(scaled, labels)
    found = _solve(_regression(features, labels), strength)
    np.testing.assert_allclose(found.weight.numpy() * scale, reference.coef_, atol=2e-3)
    expected = softmax(reference.decision_function(scaled), 1)
    logits = torch.from_numpy(features) @ found.weight.T + found.bias
    np.testing.assert_allclose(logits.softmax(1), expected, atol=1e-3)


@pytest.mark.parametrize("strength", [1.0, 0.01, 0.0001])
def test_the_slope_at_the_end_is_as_small_as_it_says(digits, strength):
    features, labels = digits
    found = _solve(_regression(features, labels), strength)
    scaled, scale = _scaled(features)
    weight = found.weight.numpy().astype(np.float64) * scale
    wrong = softmax(features @ found.weight.numpy().T + found.bias.numpy(), 1)
    wrong[np.arange(IMAGES), labels] -= 1
    slope = wrong.T @ scaled / IMAGES + strength * weight
    assert found.converged
    assert found.slope <= min(TOLERANCE, strength / 1000)
    assert np.abs(slope).max() <= TOLERANCE + 1e-6 * np.abs(scaled).max()


def test_the_users_loss_is_minimized(digits):
    """Weighted classes and smoothing, against the optimum of the sum written out."""
    features, labels = digits
    kept = (labels < 3) & ((labels > 0) | (np.arange(IMAGES) % 4 == 0))
    features, labels = features[kept], labels[kept]
    settings = TrainingSettings(class_weights="inverse", label_smoothing=0.1)
    counts = np.bincount(labels)
    loss = build_loss(settings, torch.from_numpy(counts), torch.device("cpu"))
    found = _solve(_regression(features, labels, loss, classes=3), 0.1)
    _, scale = _scaled(features)

    def objective(weight, bias):
        chances = log_softmax(features @ weight.T + bias, 1)
        targets = 0.9 * np.eye(3)[labels] + 0.1 / 3
        weights = len(labels) / 3 / counts[labels]
        each = -(weights[:, None] * targets * chances).sum(1)
        return each.mean() + 0.05 * ((weight * scale) ** 2).sum()

    weight, bias = found.weight.numpy().astype(np.float64), found.bias.numpy().astype(np.float64)
    lowest, rng = objective(weight, bias), np.random.default_rng(0)
    for _ in range(20):
        aside = rng.normal(size=weight.shape) / scale * 0.01
        assert objective(weight + aside, bias) > lowest
        assert objective(weight, bias + rng.normal(size=3) * 0.01) > lowest


def test_going_on_from_a_stronger_penalty_ends_at_the_same_optimum(digits):
    features, labels = digits
    alone, along = _regression(features, labels), _regression(features, labels)
    for strength in (1.0, 0.3):
        _solve(along, strength)
    one, other = _solve(alone, 0.1), _solve(along, 0.1)
    np.testing.assert_allclose(one.weight, other.weight, atol=1e-4)


def test_a_solution_is_where_the_next_may_start(digits):
    features, labels = digits
    found = _solve(_regression(features, labels), 0.01)
    start = found.weight, found.bias
    tensors = torch.from_numpy(features), torch.from_numpy(labels)
    again = _solve(LogisticRegression(*tensors, 10, functional.cross_entropy, start), 0.01)
    assert again.iterations <= 1
    torch.testing.assert_close(again.weight, found.weight, atol=1e-5, rtol=0)


def test_what_has_not_come_to_the_optimum_says_so(digits, monkeypatch):
    monkeypatch.setattr(logistic, "_MOST_ITERATIONS", 5)
    found = _solve(_regression(*digits), 0.01)
    assert found.iterations == 5
    assert found.slope > TOLERANCE
    assert not found.converged


@pytest.mark.parametrize("remembered", [logistic._NUMBERS_REMEMBERED, IMAGES * 64 - 1])
def test_chunks_of_rows_add_up(remembered, digits, monkeypatch):
    """Centered once, or each time where that would be too many numbers."""
    features, labels = digits
    whole = _solve(_regression(features, labels), 0.1)
    monkeypatch.setattr(logistic, "_NUMBERS_AT_A_TIME", 37 * (64 + 10))
    monkeypatch.setattr(logistic, "_NUMBERS_REMEMBERED", remembered)
    parts = _solve(_regression(features, labels), 0.1)
    np.testing.assert_allclose(whole.weight, parts.weight, atol=1e-4)


def test_units_do_not_matter(digits):
    features, labels = digits
    one = _solve(_regression(features, labels), 0.1)
    other = _solve(_regression(features * 1000, labels), 0.1)
    np.testing.assert_allclose(one.weight, other.weight * 1000, atol=1e-4)


def test_features_that_say_nothing_leave_the_biases():
    labels = np.repeat([0, 1], [30, 10])
    found = _solve(_regression(np.full((40, 3), 7.0, np.float32), labels, classes=2), 0.1)
    logits = found.weight @ torch.full((3,), 7.0) + found.bias
    np.testing.assert_allclose(logits.softmax(0), [0.75, 0.25], atol=1e-4)


def test_work_can_stop_between_a_few_iterations_and_repeats_to_the_bit(digits):
    features, labels = digits
    regression = _regression(features, labels)
    done = list(regression.solve(0.001))
    assert len(done) > 1
    assert max(np.diff(done)) <= 20
    again = _regression(features, labels)
    assert torch.equal(_solve(again, 0.001).weight, regression.solution().weight)
