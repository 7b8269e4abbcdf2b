"""Figures of classes with levels, against a walk up the tree and worked examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.evaluation.figures import wilson_interval
from graftwork.evaluation.hierarchy import hierarchical_figures, tree_distances

CLASSES = ("bird", "bird/duck", "bird/owl/barn", "bird/owl/snowy", "fish/eel", "moss")
names = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


def _distance(true: str, said: str) -> int:
    """Steps up from the deeper class until both lie below or at the same place."""
    if true == said:
        return 0
    one, other = true.split("/"), said.split("/")
    common = 0
    while common < min(len(one), len(other)) and one[common] == other[common]:
        common += 1
    return max(len(one), len(other)) - common


@pytest.mark.parametrize(
    ("true", "said", "distance"),
    [
        ("moss", "moss", 0),
        ("bird/owl/barn", "bird/owl/snowy", 1),
        ("bird/owl/barn", "bird/duck", 2),
        ("bird/duck", "bird/owl/barn", 2),
        ("bird", "bird/duck", 1),
        ("fish/eel", "bird/owl/barn", 3),
        ("moss", "bird", 1),
    ],
)
def test_the_distance_by_hand(true: str, said: str, distance: int) -> None:
    labels, predicted = (np.array([CLASSES.index(name)]) for name in (true, said))
    assert tree_distances(labels, predicted, CLASSES).tolist() == [distance]


@given(st.lists(names, min_size=2, max_size=12, unique=True), st.integers(0, 2**32))
def test_the_distance_is_that_of_a_walk_up_the_tree(classes: list[str], seed: int) -> None:
    labels, predicted = np.random.default_rng(seed).integers(0, len(classes), (2, 20))
    expected = [_distance(classes[t], classes[s]) for t, s in zip(labels, predicted, strict=True)]
    assert tree_distances(labels, predicted, classes).tolist() == expected


@given(st.lists(names, min_size=2, max_size=12, unique=True), st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_each_level_counts_the_names_that_agree_down_to_it(classes: list[str], seed: int) -> None:
    labels, predicted = np.random.default_rng(seed).integers(0, len(classes), (2, 20))
    figures = hierarchical_figures(labels, predicted, classes)
    for name, figure in figures.items():
        if name == "tree_distance":
            continue
        level = int(name.removeprefix("accuracy_level_"))
        padded = [[*each.split("/"), "", "", ""][:level] for each in classes]
        right = np.mean([padded[t] == padded[s] for t, s in zip(labels, predicted, strict=True)])
        assert figure.value == pytest.approx(right)
        assert (figure.low, figure.high) == pytest.approx(wilson_interval(right, 20))


def test_accuracy_falls_from_level_to_level() -> None:
    labels = np.array([1, 1, 2, 3, 4, 5])
    predicted = np.array([1, 4, 3, 1, 4, 5])
    figures = hierarchical_figures(labels, predicted, CLASSES)
    values = {name: figure.value for name, figure in figures.items()}
    assert values == pytest.approx(
        {"accuracy_level_1": 5 / 6, "accuracy_level_2": 4 / 6, "tree_distance": (2 + 1 + 2) / 6}
    )
    assert figures["tree_distance"].low <= values["tree_distance"] <= figures["tree_distance"].high


@pytest.mark.parametrize("classes", [("a", "b", "c"), ("all/a", "all/b", "all/c")])
def test_names_whose_levels_say_nothing_bring_no_figures(classes: tuple[str, ...]) -> None:
    labels = np.array([0, 1, 2])
    assert hierarchical_figures(labels, labels, classes) == {}
