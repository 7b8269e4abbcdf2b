"""Images of one group say less than as many others, and intervals are as wide as that asks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from graftwork.evaluation.answers import Answers, answers
from graftwork.evaluation.bootstrap import resampled_means
from graftwork.evaluation.evaluate import measure
from graftwork.evaluation.figures import balanced_accuracy, mean, share
from graftwork.evaluation.groups import effective_images, group_indices
from graftwork.plugin_api import Item

ONE_KIND = np.zeros(300, dtype=np.int64)
FIFTEEN = np.repeat(np.arange(15), 20)


def _items(*groups: str | None) -> list[Item]:
    return [
        Item(path=Path(f"{place}.png"), label="ab"[place % 2], group=group)
        for place, group in enumerate(groups)
    ]


def _shares(rng: np.random.Generator, mean: float, correlation: float) -> np.ndarray:
    """How often images of each of fifteen groups are right, so that their results correlate so."""
    spread = 1 / correlation - 1
    return rng.beta(mean * spread, (1 - mean) * spread, 15)


def test_an_image_without_a_group_is_one_of_its_own() -> None:
    found = group_indices(_items("film", None, "film", None, "", "reel", ""))
    assert found is not None
    assert found.tolist() == [0, 1, 0, 2, 3, 4, 5]


def test_a_group_is_not_taken_for_the_place_of_an_image() -> None:
    found = group_indices(_items("1", None, "1"))
    assert found is not None
    assert found.tolist() == [0, 1, 0]


def test_where_no_two_images_share_a_group_there_are_none() -> None:
    assert group_indices(_items("a", "b", None, None)) is None


def test_accuracy_has_the_variance_of_a_ratio_with_students_quantile() -> None:
    rng = np.random.default_rng(1)
    right = rng.random(300) < _shares(rng, 0.8, 0.2)[FIFTEEN]
    of_groups = np.bincount(FIFTEEN, right)
    variance = 15 / 14 * ((of_groups - right.mean() * 20) ** 2).sum() / 300**2
    expected = right.mean() * (1 - right.mean()) / variance
    expected *= (norm.ppf(0.975) / t.ppf(0.975, 14)) ** 2
    assert effective_images(right, ONE_KIND, FIFTEEN) == pytest.approx(expected)
    assert 15 < expected < 300


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 4))
def test_groups_are_worth_no_more_than_their_images_and_no_less_than_alike_ones(
    seed: int, number: int, classes: int
) -> None:
    rng = np.random.default_rng(seed)
    groups = np.r_[np.arange(number), rng.integers(0, number, 20)]
    labels, right = rng.integers(0, classes, len(groups)), rng.random(len(groups)) < 0.7
    _, kinds, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    weights = 1 / (len(sizes) * sizes[kinds])
    alike = 1 / (np.bincount(groups, weights) ** 2).sum()
    alone = effective_images(right, labels, None)
    assert alone == pytest.approx(1 / (weights**2).sum())
    assert alike - 1e-9 <= effective_images(right, labels, groups) <= alone + 1e-9


@pytest.mark.parametrize("right", [True, False])
def test_where_all_are_right_or_all_wrong_there_are_as_many_images_as_groups(right: bool) -> None:
    groups = np.repeat(np.arange(4), [270, 10, 10, 10])
    assert effective_images(np.full(300, right), ONE_KIND, groups) == pytest.approx(4)


def test_where_all_of_each_class_are_right_its_groups_count_as_images_would() -> None:
    right, labels = np.ones(300, dtype=bool), (FIFTEEN < 3).astype(np.int64)
    expected = 2**2 / (1 / 3 + 1 / 12)
    assert effective_images(right, labels, FIFTEEN) == pytest.approx(expected)


def test_groups_that_have_all_classes_count_once_where_all_are_right() -> None:
    labels = np.arange(300) % 2
    assert effective_images(np.ones(300, dtype=bool), labels, FIFTEEN) == pytest.approx(15)


def test_a_single_group_is_worth_one_image() -> None:
    right = np.arange(300) % 3 > 0
    assert effective_images(right, ONE_KIND, ONE_KIND) == pytest.approx(1)


def test_classes_of_one_group_each_are_worth_an_image_each() -> None:
    """Nothing tells how groups of a class differ."""
    right, labels = np.arange(300) % 3 > 0, FIFTEEN
    assert effective_images(right, labels, FIFTEEN) == pytest.approx(15)


@pytest.mark.parametrize(("correlation", "ignored"), [(0.05, 0.9), (0.29, 0.65), (0.6, 0.5)])
def test_the_true_share_lies_in_intervals_by_groups_and_not_in_others(
    correlation: float, ignored: float
) -> None:
    rng, covered = np.random.default_rng(2), np.zeros(3)
    labels = np.arange(300) % 3
    for _ in range(300):
        right = rng.random(300) < _shares(rng, 0.8, correlation)[FIFTEEN]
        predicted = np.where(right, labels, (labels + 1) % 3)
        figures = (
            share(right, FIFTEEN),
            balanced_accuracy(labels, predicted, FIFTEEN),
            share(right),
        )
        covered += [figure.low <= 0.8 <= figure.high for figure in figures]
    assert (covered[:2] >= 0.91 * 300).all()
    assert covered[2] < ignored * 300


def test_the_true_mean_lies_in_bootstraps_of_groups_and_not_in_others() -> None:
    rng, covered = np.random.default_rng(3), np.zeros(2)
    for _ in range(40):
        values = rng.gamma(2, 0.2, 15)[FIFTEEN] + rng.gamma(2, 0.3, 300)
        figures = mean(ONE_KIND, values, FIFTEEN), mean(ONE_KIND, values)
        covered += [figure.low <= 1.0 <= figure.high for figure in figures]
    assert covered[0] >= 0.9 * 40
    assert covered[1] < 0.75 * 40


@pytest.mark.parametrize("number", [2, 15])
def test_bootstraps_of_few_groups_reach_as_far_as_students_quantile_does(number: int) -> None:
    groups = np.arange(300) % number
    values = np.random.default_rng(6).gamma(2, 0.2, number)[groups]
    figure = mean(ONE_KIND, values, groups)
    tail = norm.cdf(-np.sqrt(number / (number - 1)) * t.ppf(0.975, number - 1))
    resampled = resampled_means(ONE_KIND, values, groups)
    assert (figure.low, figure.high) == pytest.approx(np.quantile(resampled, [tail, 1 - tail]))


def _measured(*groups: str | None) -> dict[str, str]:
    """How each interval was found, of images of classes with levels."""
    items = _items(*groups)
    said = np.random.default_rng(4).dirichlet(np.ones(3), len(items)).astype(np.float32)
    found: Answers = answers(np.arange(len(items)) % 2, said)
    figures = measure(items, found, ("a", "b/c", "b/d")).figures
    return {name: figure.method for name, figure in figures.items()}


def test_an_evaluation_says_of_all_its_figures_that_they_are_by_groups() -> None:
    methods = _measured("x", "x", "y", "y", "z", None, None)
    assert {"brier", "accuracy_level_1", "tree_distance"} < set(methods)
    assert {name for name, method in methods.items() if "by groups" in method} == set(methods)


def test_without_groups_it_says_nothing_of_them() -> None:
    assert not any("by groups" in method for method in _measured(*[None] * 7).values())
