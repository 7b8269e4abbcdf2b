"""Resamples: each class keeps its size, and figures are those that scikit-learn gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from graftwork.evaluation.bootstrap import (
    RESAMPLES,
    image_losses,
    macro_f1,
    resampled_figures,
)
from graftwork.evaluation.figures import headline_figures


@given(st.integers(2, 6), st.integers(1, 60), st.integers(0, 2**32))
@settings(deadline=None)
def test_macro_f1_is_that_of_scikit_learn(classes: int, images: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, classes, images), rng.integers(0, classes, images)
    present = np.unique(labels)
    expected = f1_score(labels, predicted, labels=present, average="macro", zero_division=0)
    assert macro_f1(labels, predicted, classes) == pytest.approx(expected)


def test_resamples_keep_the_sizes_of_classes() -> None:
    """Where whole classes are right or wrong, all resamples come out alike."""
    labels = np.repeat([0, 1, 2], [3, 40, 7])
    predicted = np.where(labels == 1, 0, labels)
    f1, loss = resampled_figures(labels, np.eye(3, dtype=np.float32)[predicted])
    assert f1.shape == loss.shape == (RESAMPLES,)
    assert np.unique(f1) == pytest.approx([macro_f1(labels, predicted, 3)])
    assert loss == pytest.approx(np.full(RESAMPLES, loss[0]))


def test_the_bootstrap_of_the_loss_agrees_with_its_standard_error() -> None:
    rng = np.random.default_rng(5)
    labels, probabilities = rng.integers(0, 3, 600), rng.dirichlet(np.ones(3), 600)
    losses = image_losses(labels, probabilities)
    within = sum(losses[labels == c].var() * (labels == c).sum() for c in range(3))
    error = np.sqrt(within) / len(labels)
    figure = headline_figures(labels, probabilities)["log_loss"]
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert "1000 resamples" in figure.method
