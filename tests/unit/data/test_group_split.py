from __future__ import annotations

import numpy as np

from graftwork.data.group_split import split_groups

SHARES = [0.7, 0.15, 0.15]


def test_large_groups_go_where_there_is_room() -> None:
    sizes = [70, 15, 15]
    groups = [f"group {index}" for index, size in enumerate(sizes) for _ in range(size)]
    parts = split_groups(["a"] * 100, groups, SHARES, np.random.default_rng(0))
    assert parts is not None
    assert sorted(np.bincount(parts).tolist(), reverse=True) == sizes
    assert parts[0] == 0


def test_a_rare_class_is_in_every_part() -> None:
    labels = ["common"] * 300 + ["rare"] * 3
    groups = [str(index // 3) for index in range(300)] + ["x", "y", "z"]
    for seed in range(10):
        parts = split_groups(labels, groups, SHARES, np.random.default_rng(seed))
        assert parts is not None
        assert sorted(parts[300:]) == [0, 1, 2]


def test_none_where_there_is_no_way() -> None:
    labels, groups = ["a", "a", "b", "b"], ["1", "2", "1", "2"]
    assert split_groups(labels, groups, SHARES, np.random.default_rng(0)) is None
