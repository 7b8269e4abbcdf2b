"""The tree of class names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graftwork.engine.heads.class_tree import ROOT, Fork, class_tree

names = st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=4).map("/".join)


def _ways(classes: list[str]) -> list[tuple[int, ...]]:
    """The branches from the root to each class."""
    tree = class_tree(classes)
    above = {branch: fork.above for fork in tree.forks for branch in fork.branches}
    ways = []
    for end in tree.ends:
        way = [end]
        while above[way[-1]] != ROOT:
            way.append(above[way[-1]])
        ways.append(tuple(reversed(way)))
    return ways


def test_names_without_levels_are_one_fork():
    tree = class_tree(["a", "b", "c"])
    assert tree.forks == (Fork(above=ROOT, branches=(0, 1, 2)),)
    assert tree.ends == (0, 1, 2)


def test_upper_forks_come_first():
    tree = class_tree(["bird/owl/barn", "bird/owl/snowy", "bird/duck", "fish"])
    assert tree.forks == (
        Fork(above=ROOT, branches=(0, 1)),
        Fork(above=0, branches=(2, 3)),
        Fork(above=2, branches=(4, 5)),
    )
    assert tree.ends == (4, 5, 3, 1)


def test_where_the_way_does_not_fork_there_is_nothing_to_learn():
    tree = class_tree(["animal/bird/owl", "animal/bird/duck"])
    assert tree.forks == (Fork(above=ROOT, branches=(0, 1)),)


def test_a_class_that_has_others_below_it_is_a_branch_beside_them():
    assert _ways(["bird", "bird/owl", "bird/duck", "fish"]) == [(0, 2), (0, 3), (0, 4), (1,)]


@given(st.lists(names, min_size=2, max_size=30, unique=True))
def test_every_class_has_a_way_of_its_own_through_few_branches(classes):
    tree = class_tree(classes)
    ways = _ways(classes)
    assert len(set(ways)) == len(classes)
    assert all(len(fork.branches) > 1 for fork in tree.forks)
    assert tree.branches < 2 * len(classes)
    assert sorted(branch for fork in tree.forks for branch in fork.branches) == list(
        range(tree.branches)
    )
    ends_of_ways = set(tree.ends)
    assert not any(fork.above in ends_of_ways for fork in tree.forks)
