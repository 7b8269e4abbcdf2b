from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.data.split import PARTS, Split, SplitError, make_split
from graftwork.plugin_api import Catalog, Item, Part

SHARES = {"validation": 0.2, "test": 0.2}


def catalog_of(sizes: dict[str, int], groups: dict[str, str] | None = None) -> Catalog:
    items = tuple(
        Item(path=Path(name), label=label, group=(groups or {}).get(name))
        for label, size in sizes.items()
        for name in [f"{label}{index}" for index in range(size)]
    )
    return Catalog(root=Path(), classes=tuple(sorted(sizes)), items=items)


def parts_of(catalog: Catalog, split: Split) -> dict[str, Part]:
    return {
        str(catalog.items[index].path): part for part in PARTS for index in getattr(split, part)
    }


def known(catalog: Catalog, before: dict[str, Part]) -> dict[int, Part]:
    names = [str(item.path) for item in catalog.items]
    return {index: before[name] for index, name in enumerate(names) if name in before}


def continued(catalog: Catalog, before: dict[str, Part], seed: int = 1) -> dict[str, Part]:
    found = make_split(catalog, known=known(catalog, before), **SHARES, seed=seed)
    return parts_of(catalog, found)


@pytest.fixture
def earlier() -> dict[str, Part]:
    catalog = catalog_of({"cat": 20, "dog": 10})
    return parts_of(catalog, make_split(catalog, **SHARES, seed=0))


def test_without_an_earlier_run_it_is_a_split_like_any_other() -> None:
    catalog = catalog_of({"cat": 20, "dog": 10})
    assert make_split(catalog, known={}, **SHARES, seed=3) == make_split(catalog, **SHARES, seed=3)


@settings(deadline=None)
@given(
    more=st.integers(0, 40),
    fewer=st.integers(0, 3),
    owls=st.sampled_from([0, 3, 30]),
    seed=st.integers(0, 5),
)
def test_what_was_known_stays_and_the_rest_is_split(
    more: int, fewer: int, owls: int, seed: int
) -> None:
    first = catalog_of({"cat": 20, "dog": 10})
    before = parts_of(first, make_split(first, **SHARES, seed=0))
    sizes = {"cat": 20 + more, "dog": 10, **({"owl": owls} if owls else {})}
    now = catalog_of(sizes)
    now = replace(now, items=now.items[fewer:])
    made = continued(now, before, seed)
    assert {name: made[name] for name in before if name in made} == {
        name: part for name, part in before.items() if name in made
    }
    assert len(made) == len(now.items)
    fresh = [made[name] for name in made if name not in before and name.startswith("cat")]
    assert abs(fresh.count("test") - 0.2 * more) <= 2
    if owls:
        assert {part for name, part in made.items() if name.startswith("owl")} == set(PARTS)


def test_too_few_new_images_of_a_class_train(earlier: dict[str, Part]) -> None:
    made = continued(catalog_of({"cat": 22, "dog": 10}), earlier)
    assert made["cat20"] == made["cat21"] == "train"


def test_new_images_go_where_their_group_is(earlier: dict[str, Part]) -> None:
    tested = next(name for name, part in earlier.items() if part == "test")
    groups = {tested: "a hive", **{f"cat{index}": "a hive" for index in range(20, 28)}}
    made = continued(catalog_of({"cat": 28, "dog": 10}, groups), earlier)
    assert {made[f"cat{index}"] for index in range(20, 28)} == {"test"}


def test_a_new_class_of_two_images_trains(earlier: dict[str, Part]) -> None:
    made = continued(catalog_of({"cat": 20, "dog": 10, "owl": 2}), earlier)
    assert made["owl0"] == made["owl1"] == "train"
    assert {name: made[name] for name in earlier} == earlier


def test_too_few_new_images_keep_their_group_together(earlier: dict[str, Part]) -> None:
    groups = {"cat20": "a hive", "owl0": "a hive", "owl1": "a hive", "owl2": "a hive"}
    made = continued(catalog_of({"cat": 21, "dog": 10, "owl": 9}, groups), earlier)
    assert {made[name] for name in groups} == {"train"}
    assert {part for name, part in made.items() if name.startswith("owl")} == set(PARTS)


def test_a_class_that_was_known_from_the_test_alone_is_learned_from_what_is_new() -> None:
    """Its third group, which has the fewest cats, is not spent on the cats of another part."""
    groups = {f"cat{index}": f"cats {index // 5}" for index in range(25)}
    groups |= {"owl1": "first", "owl2": "second", "owl3": "third", "cat25": "third"}
    made = continued(catalog_of({"cat": 26, "owl": 4}, groups), {"owl0": "test"})
    assert made["owl0"] == "test"
    assert {made[name] for name in ("owl1", "owl2", "owl3")} == set(PARTS)


def test_a_class_that_lost_its_test_images_is_refused(earlier: dict[str, Part]) -> None:
    catalog = catalog_of({"cat": 20, "dog": 10})
    left = [item for item in catalog.items if earlier[str(item.path)] != "test"]
    with pytest.raises(SplitError, match="test part has images of fewer than two classes"):
        continued(replace(catalog, items=tuple(left)), earlier)


def test_validation_stays_too_where_the_folders_name_training_and_test() -> None:
    """What is drawn from a training folder must not come back from validation to training."""

    def in_folders(cats: int) -> Catalog:
        plain = catalog_of({"cat": cats, "dog": 10})
        items = tuple(
            replace(item, part="test" if int(str(item.path)[3:]) % 5 == 0 else "train")
            for item in plain.items
        )
        return replace(plain, items=items)

    first = in_folders(20)
    before = parts_of(first, make_split(first, **SHARES, seed=0))
    for cats in (20, 21, 40):
        made = continued(in_folders(cats), before)
        assert {name: made[name] for name in before} == before
        named = {str(item.path) for item in in_folders(cats).items if item.part == "test"}
        assert {name for name, part in made.items() if part == "test"} == named


def test_nothing_new_in_groups_is_split_as_before() -> None:
    groups = {
        f"{name}{index}": f"{name} {index % 5}" for name in ("cat", "dog") for index in range(10)
    }
    catalog = catalog_of({"cat": 10, "dog": 10}, groups)
    before = parts_of(catalog, make_split(catalog, **SHARES, seed=0))
    assert continued(catalog, before) == before


def test_a_new_image_of_a_group_that_is_learned_from_is_learned_too() -> None:
    """The run before knew of no groups, and had images of this one in two parts."""
    sizes = {"cat": 9, "dog": 8}
    names = [f"cat{number}" for number in range(9)]
    catalog = catalog_of(sizes, dict.fromkeys(names, "patient"))
    parts: list[Part] = ["train"] * 5 + ["validation"] + ["test"] * 2
    before = {f"{label}{number}": part for label in sizes for number, part in enumerate(parts)}
    assert continued(catalog, before)["cat8"] == "train"
