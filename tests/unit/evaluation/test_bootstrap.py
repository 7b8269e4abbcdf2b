"""Resamples: each class keeps its size, and figures are those that scikit-learn gives."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from graftwork.evaluation.bootstrap import (
    RESAMPLES,
    image_losses,
    resampled_f1,
    resampled_means,
)
from graftwork.evaluation.figures import headline_figures


def test_resamples_keep_the_sizes_of_classes() -> None:
    """Where whole classes are right or wrong, all resamples come out alike."""
    labels = np.repeat([0, 1, 2], [3, 40, 7])
    predicted = np.where(labels == 1, 0, labels)
    f1 = resampled_f1(labels, predicted)
    means = resampled_means(labels, np.array([0.5, 2.0, 4.0])[labels])
    assert f1.shape == means.shape == (RESAMPLES,)
    expected = f1_score(labels, predicted, average="macro", zero_division=0)
    assert np.unique(f1) == pytest.approx([expected])
    assert means == pytest.approx(np.full(RESAMPLES, (3 * 0.5 + 40 * 2 + 7 * 4) / 50))


def test_the_bootstrap_of_the_loss_agrees_with_its_standard_error() -> None:
    rng = np.random.default_rng(5)
    labels, probabilities = rng.integers(0, 3, 600), rng.dirichlet(np.ones(3), 600)
    losses = image_losses(labels, probabilities)
    within = sum(losses[labels == c].var() * (labels == c).sum() for c in range(3))
    error = np.sqrt(within) / len(labels)
    figure = headline_figures(labels, probabilities.argmax(1), losses)["log_loss"]
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert "1000 resamples" in figure.method
