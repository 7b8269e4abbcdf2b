from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.data.split import PARTS, Split, SplitError, classes_without, make_split
from graftwork.plugin_api import Catalog, DatasetError, Item, Part


def catalog_of(items: list[tuple[str, Part | None, str | None]]) -> Catalog:
    made = tuple(
        Item(path=Path(f"{index}.png"), label=label, part=part, group=group)
        for index, (label, part, group) in enumerate(items)
    )
    return Catalog(root=Path(), classes=tuple(sorted({i.label for i in made})), items=made)


def plain(counts: dict[str, int]) -> Catalog:
    return catalog_of([(label, None, None) for label, n in counts.items() for _ in range(n)])


def split(catalog: Catalog, seed: int = 0, validation: float = 0.15, test: float = 0.15) -> Split:
    return make_split(catalog, validation=validation, test=test, seed=seed)


def counts(catalog: Catalog, indices: tuple[int, ...]) -> Counter[str]:
    return Counter(catalog.items[index].label for index in indices)


def assert_sound(catalog: Catalog, made: Split) -> None:
    """Every image is in one part, every class in each."""
    parts = [getattr(made, part) for part in PARTS]
    assert sorted(index for part in parts for index in part) == list(range(len(catalog.items)))
    for part in parts:
        assert list(part) == sorted(part)
        assert set(counts(catalog, part)) == set(catalog.classes)


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(3, 60), min_size=2, max_size=12),
    validation=st.floats(0.01, 0.45),
    test=st.floats(0.01, 0.45),
    seed=st.integers(0, 10),
)
def test_any_data_set_with_three_images_a_class_is_split(
    sizes: list[int], validation: float, test: float, seed: int
) -> None:
    catalog = plain({f"class {index}": size for index, size in enumerate(sizes)})
    made = split(catalog, seed, validation, test)
    assert_sound(catalog, made)
    for label, size in catalog.counts().items():
        for part, share in ((made.validation, validation), (made.test, test)):
            assert abs(counts(catalog, part)[label] - size * share) <= 1.5


def test_rounding_evens_out_over_many_small_classes() -> None:
    catalog = plain({f"{index:02}": 10 for index in range(40)})
    made = split(catalog)
    assert len(made.validation) == pytest.approx(60, abs=1)
    assert len(made.test) == pytest.approx(60, abs=1)


def test_tiny_classes_take_nothing_from_large_ones() -> None:
    catalog = plain({**{f"{index:02}": 3 for index in range(50)}, "large": 1000})
    assert counts(catalog, split(catalog).test)["large"] == pytest.approx(150, abs=1)


def test_the_seed_alone_decides() -> None:
    catalog = plain({"a": 50, "b": 70})
    assert split(catalog, 3) == split(catalog, 3)
    assert split(catalog, 3).test != split(catalog, 4).test
    assert split(catalog, 3).test[:5] == (3, 4, 18, 25, 35)  # on every machine


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(3, 20), min_size=2, max_size=4),
    rare=st.lists(st.integers(1, 2), min_size=1, max_size=4),
    seed=st.integers(0, 5),
)
def test_all_images_of_a_class_with_too_few_train(
    sizes: list[int], rare: list[int], seed: int
) -> None:
    catalog = plain({str(index): size for index, size in enumerate(sizes + rare)})
    made = split(catalog, seed)
    few = {str(index) for index in range(len(sizes), len(sizes + rare))}
    held_out = {*counts(catalog, made.validation), *counts(catalog, made.test)}
    assert held_out == set(catalog.classes) - few
    assert {name: counts(catalog, made.train)[name] for name in few} == {
        name: catalog.counts()[name] for name in few
    }
    for part in ("validation", "test"):
        assert classes_without(part, catalog, made) == sorted(few)


def test_what_is_drawn_does_not_depend_on_classes_with_too_few() -> None:
    catalog = plain({"a": 20, "b": 20, "c": 2})
    assert split(catalog).test == split(plain({"a": 20, "b": 20})).test


def test_two_classes_must_have_enough_images() -> None:
    with pytest.raises(SplitError, match=r"none of 'rare' \(2 in all\)\. .* three images, .* Add"):
        split(plain({"common": 30, "rare": 2}))
    assert issubclass(SplitError, DatasetError)


def test_many_lacking_classes_are_not_all_listed() -> None:
    with pytest.raises(SplitError, match="and 3 more classes"):
        split(plain({str(index): 1 for index in range(8)}))


def given_parts(*, train: int = 10, validation: int = 0, test: int = 0) -> Catalog:
    wanted: dict[Part, int] = {"train": train, "validation": validation, "test": test}
    return catalog_of(
        [(label, part, None) for label in "ab" for part, n in wanted.items() for _ in range(n)]
    )


def part_of(catalog: Catalog, part: Part) -> tuple[int, ...]:
    return tuple(i for i, item in enumerate(catalog.items) if item.part == part)


def test_given_parts_are_taken_as_they_are() -> None:
    catalog = given_parts(train=5, validation=2, test=3)
    assert split(catalog) == Split(**{part: part_of(catalog, part) for part in PARTS})


def test_parts_that_are_not_given_are_drawn_from_training() -> None:
    catalog = given_parts(train=20, test=7)
    made = split(catalog, validation=0.25)
    assert_sound(catalog, made)
    assert made.test == part_of(catalog, "test")
    assert counts(catalog, made.validation) == {"a": 5, "b": 5}
    assert set(made.validation) <= set(part_of(catalog, "train"))


def test_items_without_a_part_train_where_others_have_one() -> None:
    catalog = given_parts(train=1, validation=2, test=2)
    first = part_of(catalog, "train")[0]
    items = list(catalog.items)
    items[first] = replace(items[first], part=None)
    assert first in split(replace(catalog, items=tuple(items))).train


def test_a_given_part_that_lacks_a_class_is_refused() -> None:
    catalog = given_parts(train=5, validation=2, test=2)
    items = tuple(i for i in catalog.items if (i.label, i.part) != ("b", "test"))
    with pytest.raises(
        SplitError, match=r"The test part .* fewer than two classes: .* none of 'b'"
    ):
        split(replace(catalog, items=items))


def test_a_given_part_may_lack_a_class() -> None:
    catalog = given_parts(train=5, validation=2, test=2)
    rare = tuple(Item(path=Path(f"c{i}.png"), label="c", part="train") for i in range(9))
    wider = replace(catalog, classes=("a", "b", "c"), items=catalog.items + rare)
    assert classes_without("test", wider, split(wider)) == ["c"]
    assert classes_without("train", wider, split(wider)) == []


def test_a_class_without_training_images_is_refused() -> None:
    catalog = given_parts(train=5, validation=2, test=2)
    tested = Item(path=Path("c.png"), label="c", part="test")
    wider = replace(catalog, classes=("a", "b", "c"), items=(*catalog.items, tested))
    with pytest.raises(SplitError, match="train part has no image of 'c'"):
        split(wider)


def test_given_parts_without_training_are_refused() -> None:
    with pytest.raises(SplitError, match="train part has no image"):
        split(given_parts(train=0, validation=3, test=3))


def grouped(sizes: dict[str, list[int]]) -> Catalog:
    return catalog_of(
        [
            (label, None, f"{label} {group}")
            for label, groups in sizes.items()
            for group, size in enumerate(groups)
            for _ in range(size)
        ]
    )


def groups_of(catalog: Catalog, indices: tuple[int, ...]) -> set[str | None]:
    return {catalog.items[index].group for index in indices} - {None}


@settings(deadline=None)
@given(
    sizes=st.dictionaries(
        st.sampled_from("abcde"),
        st.lists(st.integers(1, 9), min_size=3, max_size=20),
        min_size=2,
    ),
    seed=st.integers(0, 5),
)
def test_groups_stay_together(sizes: dict[str, list[int]], seed: int) -> None:
    catalog = grouped(sizes)
    made = split(catalog, seed)
    assert_sound(catalog, made)
    held = [group for part in PARTS for group in groups_of(catalog, getattr(made, part))]
    assert len(held) == len(set(held))
    assert split(catalog, seed) == made


def test_grouped_parts_have_about_their_size() -> None:
    catalog = grouped({"a": [3] * 60, "b": [5, 1, 2] * 40})
    made = split(catalog)
    for part in (made.validation, made.test):
        for label, count in counts(catalog, part).items():
            assert count / catalog.counts()[label] == pytest.approx(0.15, abs=0.03)


def test_items_without_a_group_stand_alone() -> None:
    catalog = catalog_of(
        [("a", None, "film")] * 30 + [("a", None, None)] * 30 + [("b", None, None)] * 30
    )
    made = split(catalog)
    assert_sound(catalog, made)
    assert set(range(30)) <= set(made.train)


def test_two_classes_must_have_enough_groups() -> None:
    with pytest.raises(SplitError, match=r"none of 'b' \(100 in all\)\. .* in three groups"):
        split(grouped({"a": [5, 5, 5], "b": [50, 50]}))


def test_groups_of_a_class_with_too_few_train_with_all_that_is_in_them() -> None:
    rows: list[tuple[str, Part | None, str | None]] = [
        (label, None, f"{label} {index}") for label in "ab" for index in range(20)
    ]
    rows += [("rare", None, "film 1"), ("rare", None, "film 2"), ("a", None, "film 1")]
    made = split(catalog_of(rows), validation=0.4, test=0.4)
    assert {40, 41, 42} <= set(made.train)


@pytest.mark.parametrize("sites", [6, 12])
def test_a_rare_class_takes_no_other_out_of_the_test(sites: int) -> None:
    """It is found where the class "mid" is, too, which has other sites to be judged by."""
    found_at = {"common": sites, "mid": 4, "rare": 2}
    catalog = catalog_of(
        [
            (label, None, f"site {site}")
            for label, number in found_at.items()
            for site in range(number)
            for _ in range(10)
        ]
    )
    made = split(catalog)
    assert classes_without("train", catalog, made) == []
    for part in ("validation", "test"):
        assert classes_without(part, catalog, made) == ["rare"]
    held = [group for part in PARTS for group in groups_of(catalog, getattr(made, part))]
    assert len(held) == len(set(held))


def test_groups_that_cannot_be_parted_are_refused() -> None:
    mixed = [(label, None, f"slide {slide}") for label in "ab" for slide in range(3)]
    apart = [("c", None, f"film {film}") for film in range(3)]
    assert_sound(catalog_of([*mixed, *apart]), split(catalog_of([*mixed, *apart])))
    crossed = [("a", "1"), ("b", "1"), ("a", "2"), ("c", "2"), ("a", "3"), ("b", "4"), ("c", "4")]
    crossed += [("b", "3"), ("c", "3")]
    catalog = catalog_of([(label, None, group) for label, group in crossed])
    with pytest.raises(SplitError, match="too many groups hold several classes"):
        split(catalog)


def test_items_without_a_part_go_where_their_group_is() -> None:
    rows: list[tuple[str, Part | None, str | None]] = [
        (label, None, f"{label} {group}") for label in "ab" for group in range(6) for _ in range(3)
    ]
    rows += [("a", part, "film") for part in ("test", None, None)]
    rows += [("b", "test", None), ("b", None, None)]
    catalog = catalog_of(rows)
    made = split(catalog)
    assert_sound(catalog, made)
    assert made.test == (36, 37, 38, 39)
    held = [group for part in PARTS for group in groups_of(catalog, getattr(made, part))]
    assert len(held) == len(set(held))


def test_a_group_that_names_two_parts_is_refused() -> None:
    catalog = given_parts(train=5, validation=2, test=2)
    items = list(catalog.items)
    for index in (0, part_of(catalog, "test")[0]):
        items[index] = replace(items[index], group="film 7")
    with pytest.raises(SplitError, match="'film 7' has images in the train and the test part"):
        split(replace(catalog, items=tuple(items)))
