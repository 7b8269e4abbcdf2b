"""Resamples: each class keeps its size, and figures are those that scikit-learn gives."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from sklearn.metrics import f1_score

from graftwork.evaluation.answers import answers
from graftwork.evaluation.bootstrap import (
    RESAMPLES,
    resampled_f1,
    resampled_means,
)
from graftwork.evaluation.figures import headline_figures


def test_resamples_keep_the_sizes_of_classes() -> None:
    """Where whole classes are right or wrong, all resamples come out alike."""
    labels = np.repeat([0, 1, 2], [3, 40, 7])
    predicted = np.where(labels == 1, 0, labels)
    f1 = resampled_f1(labels, predicted, None)
    means = resampled_means(labels, np.array([0.5, 2.0, 4.0])[labels], None)
    assert f1.shape == means.shape == (RESAMPLES,)
    expected = f1_score(labels, predicted, average="macro", zero_division=0)
    assert np.unique(f1) == pytest.approx([expected])
    assert means == pytest.approx(np.full(RESAMPLES, (3 * 0.5 + 40 * 2 + 7 * 4) / 50))


def test_the_bootstrap_of_the_loss_agrees_with_its_standard_error() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 600)
    found = answers(labels, rng.dirichlet(np.ones(3), 600))
    losses = found.losses
    within = sum(losses[labels == c].var() * (labels == c).sum() for c in range(3))
    error = np.sqrt(within) / len(labels)
    figure = headline_figures(found)["log_loss"]
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert "1000 resamples" in figure.method


def test_whole_groups_are_drawn() -> None:
    """So the mean of a resample is that of some groups, and all images of a group count alike."""
    groups = np.repeat([0, 1, 2], [1, 5, 3])
    values = np.array([1.0, 10.0, 100.0])[groups]
    means = resampled_means(np.zeros(9, dtype=np.int64), values, groups)
    sums, sizes = np.array([1, 50, 300]), np.array([1, 5, 3])
    drawn = [np.array(each) for each in combinations_with_replacement(range(3), 3)]
    possible = [sums[each].sum() / sizes[each].sum() for each in drawn]
    np.testing.assert_allclose(np.unique(means.round(9)), np.unique(np.round(possible, 9)))


def test_a_class_whose_groups_were_not_drawn_does_not_count() -> None:
    labels = np.array([0, 0, 1, 1])
    f1 = resampled_f1(labels, np.array([0, 0, 0, 0]), labels)
    assert np.unique(f1) == pytest.approx([0, 1 / 3, 1])
