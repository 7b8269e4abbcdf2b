from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

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


def test_a_rare_class_has_its_groups_before_others_take_them() -> None:
    """The smallest groups of the others are two of its three, and both would go to one part."""
    rows = [("a", "small 1"), ("rare", "small 1"), ("b", "small 2"), ("rare", "small 2")]
    rows += [("rare", "large")] * 5
    rows += [(label, f"{label} {index // 3}") for label in "ab" for index in range(30)]
    labels, groups = zip(*rows, strict=True)
    parts = split_groups(labels, groups, SHARES, np.random.default_rng(0))
    assert parts is not None
    assert {part for label, part in zip(labels, parts, strict=True) if label == "rare"} == {0, 1, 2}


@pytest.mark.parametrize("seed", range(10))
def test_where_one_order_of_groups_leads_nowhere_another_is_tried(seed: int) -> None:
    """Two of the three groups of "z" are also those of others, which may put them together."""
    held = ["rz", "rx", "rx", "sz", "sx", "sx", "z", *["x"] * 12]
    rows = [(label, str(group)) for group, labels in enumerate(held) for label in labels]
    labels, groups = zip(*rows, strict=True)
    parts = split_groups(labels, groups, SHARES, np.random.default_rng(seed))
    assert parts is not None
    assert len(set(zip(labels, parts, strict=True))) == 4 * 3


def test_many_groups_of_many_classes_need_no_table_of_both() -> None:
    """Which would have eight million entries, of eight bytes."""
    labels = [f"class {index // 12}" for index in range(12_000)]
    groups = [f"group {index // 1.5}" for index in range(12_000)]
    tracemalloc.start()
    parts = split_groups(labels, groups, SHARES, np.random.default_rng(0))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert parts is not None
    assert len(set(zip(labels, parts, strict=True))) == 1000 * 3
    assert most < 20e6


def test_none_where_there_is_no_way() -> None:
    labels, groups = ["a", "a", "b", "b"], ["1", "2", "1", "2"]
    assert split_groups(labels, groups, SHARES, np.random.default_rng(0)) is None
