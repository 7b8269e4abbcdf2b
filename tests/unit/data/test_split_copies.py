from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.data.split import PARTS, Split, SplitError, classes_without, make_split
from graftwork.data.units import units_of
from graftwork.plugin_api import Catalog, Item, Part


def catalog_of(labels: str, *, groups: Sequence[str | None] = (), parts: str = "") -> Catalog:
    """An item for each letter of ``labels``; ``parts`` has t, v, s (test) or a blank for each."""
    named: dict[str, Part] = {"t": "train", "v": "validation", "s": "test"}
    items = tuple(
        Item(
            path=Path(f"{index}.png"),
            label=label,
            part=named.get(parts[index]) if parts else None,
            group=groups[index] if groups else None,
        )
        for index, label in enumerate(labels)
    )
    return Catalog(root=Path(), classes=tuple(sorted(set(labels))), items=items)


def split(
    catalog: Catalog,
    contents: Iterable[object] | None,
    *,
    seed: int = 0,
    known: dict[int, Part] | None = None,
) -> Split:
    named = None if contents is None else [str(content) for content in contents]
    return make_split(catalog, validation=0.2, test=0.15, seed=seed, known=known, contents=named)


def part_of(made: Split) -> dict[int, Part]:
    return {index: part for part in PARTS for index in getattr(made, part)}


def assert_together(made: Split, contents: Sequence[object]) -> None:
    parts = part_of(made)
    assert sorted(parts) == list(range(len(contents)))
    for content in set(contents):
        assert len({parts[i] for i, other in enumerate(contents) if other == content}) == 1


LABELS = "a" * 50 + "b" * 33 + "c" * 12
GROUPS = [
    f"{label} {index % 9}" if index % 4 else None
    for label in "abc"
    for index in range(LABELS.count(label))
]
NAMED = "".join(
    "s" if index % 5 == 0 else "t" for label in "abc" for index in range(LABELS.count(label))
)
KNOWN: dict[int, Part] = {index: "test" if index % 6 == 0 else "train" for index in range(0, 60, 2)}


@pytest.mark.parametrize("with_contents", [False, True])
@pytest.mark.parametrize(
    ("catalog", "known", "digest"),
    [
        (catalog_of("a" * 50 + "b" * 33 + "c" * 7 + "dd"), None, "0a7679aec6f3"),
        (catalog_of("a" * 50 + "b" * 33 + "c" * 7 + "dd"), KNOWN, "02c32a5bd278"),
        (catalog_of(LABELS, groups=GROUPS), None, "b93590330307"),
        (catalog_of(LABELS, groups=GROUPS), KNOWN, "4400f2db3177"),
        (catalog_of(LABELS, parts=NAMED), None, "af5c735a25a6"),
        (catalog_of(LABELS, parts=NAMED), KNOWN, "27339647139f"),
    ],
)
def test_without_copies_the_split_is_what_it_always_was(
    catalog: Catalog, known: dict[int, Part] | None, digest: str, with_contents: bool
) -> None:
    contents = range(len(catalog.items)) if with_contents else None
    made = split(catalog, contents, seed=3, known=known)
    facts = repr((made.train, made.validation, made.test)).encode()
    assert hashlib.sha256(facts).hexdigest()[:12] == digest


@settings(deadline=None)
@given(
    copies=st.lists(st.lists(st.integers(1, 4), min_size=3, max_size=30), min_size=2, max_size=5),
    seed=st.integers(0, 5),
)
def test_copies_stay_together_and_every_class_is_in_each_part(
    copies: list[list[int]], seed: int
) -> None:
    rows = [
        ("abcde"[label], (label, content))
        for label, counts in enumerate(copies)
        for content, count in enumerate(counts)
        for _ in range(count)
    ]
    catalog = catalog_of("".join(label for label, _ in rows))
    made = split(catalog, [content for _, content in rows], seed=seed)
    assert_together(made, [content for _, content in rows])
    for part in PARTS:
        assert classes_without(part, catalog, made) == []


def test_parts_have_their_size_in_images() -> None:
    """One image with a thousand copies does not fill a part of its own."""
    contents = [0] * 1000 + list(range(1, 200))
    contents += [f"b{index // 3}" for index in range(600)]
    made = split(catalog_of("a" * 1199 + "b" * 600), contents)
    assert 0 in made.train
    assert sum(index >= 1199 for index in made.test) == pytest.approx(90, abs=3)
    assert sum(index >= 1199 for index in made.validation) == pytest.approx(120, abs=3)


def test_a_class_of_too_few_contents_trains_as_a_whole() -> None:
    catalog = catalog_of("a" * 20 + "b" * 20 + "c" * 12)
    made = split(catalog, [*range(40), *(index % 2 + 40 for index in range(12))])
    assert set(range(40, 52)) <= set(made.train)
    assert classes_without("test", catalog, made) == ["c"]


def test_copies_alone_are_refused_with_what_to_do() -> None:
    with pytest.raises(SplitError, match=r"three images, .* exact copies of an image count as one"):
        split(catalog_of("a" * 9 + "b" * 9), [0] * 9 + [1] * 9)


@settings(deadline=None)
@given(
    labels=st.text("abcd", min_size=20, max_size=80),
    distinct=st.integers(10, 80),
    seed=st.integers(0, 5),
)
def test_contents_under_several_labels_stay_together(labels: str, distinct: int, seed: int) -> None:
    singles = "".join(label * 4 for label in "abcd")
    contents = [index * 7 % distinct for index in range(len(labels))]
    contents += [f"single {index}" for index in range(len(singles))]
    catalog = catalog_of(labels + singles)
    made = split(catalog, contents, seed=seed)
    assert_together(made, contents)
    for part in PARTS:
        assert classes_without(part, catalog, made) == []


@pytest.mark.parametrize("seed", range(5))
def test_classes_of_nothing_but_common_contents_are_in_each_part(seed: int) -> None:
    twice = catalog_of("aaaaabbbbb")
    made = split(twice, [*range(5), *range(5)], seed=seed)
    assert_together(made, [*range(5), *range(5)])
    crossed = catalog_of("aaabbb" + "c" * 90)
    contents = [1, 2, 3, 1, 4, 5, *range(10, 100)]
    found = split(crossed, contents, seed=seed)
    assert_together(found, contents)
    doubled = catalog_of("aaaaabbbbb" + "c" * 90)
    doubled_contents = [1, 2, 2, 3, 3, 1, 4, 4, 5, 5, *range(10, 100)]
    again = split(doubled, doubled_contents, seed=seed)
    assert_together(again, doubled_contents)
    for part in PARTS:
        assert classes_without(part, twice, made) == []
        assert classes_without(part, crossed, found) == []
        assert classes_without(part, doubled, again) == []


@pytest.mark.parametrize("seed", range(10))
def test_what_has_two_labels_is_shared_out_as_the_rarer_of_them(seed: int) -> None:
    """30 of the 33 images of the rare class are copies of some that are common."""
    catalog = catalog_of("r" * 33 + "c" * 300)
    made = split(catalog, [*range(333 - 30), *range(30)], seed=seed)
    assert sum(index < 33 for index in made.test) == pytest.approx(0.15 * 33, abs=2)
    assert sum(index < 33 for index in made.validation) == pytest.approx(0.2 * 33, abs=2)


def test_copies_in_two_groups_join_them_for_the_split() -> None:
    groups = [f"{label} {index % 8}" for label in "ab" for index in range(40)]
    contents = list(range(80))
    contents[1] = contents[0]  # groups "a 0" and "a 1"
    contents[42] = contents[1]  # and "b 2"
    made = split(catalog_of("a" * 40 + "b" * 40, groups=groups), contents)
    parts = part_of(made)
    joined = {parts[i] for i, group in enumerate(groups) if group in {"a 0", "a 1", "b 2"}}
    assert len(joined) == 1
    for group in groups:
        assert len({parts[i] for i, other in enumerate(groups) if other == group}) == 1


def test_groups_that_were_joined_before_stay_so_when_they_are_joined_to_others() -> None:
    groups, contents = ["A", "B", "C", "D", "D", "B", "E"], "xxyyzzw"
    *joined, alone = units_of(catalog_of("a" * 7, groups=groups), contents)
    assert set(joined) == {joined[0]} != {alone}


def test_parts_that_the_data_name_hold_for_copies_too() -> None:
    catalog = catalog_of("a" * 20 + "b" * 20, parts=("s" * 5 + "t" * 15) * 2)
    contents = list(range(40))
    contents[10] = contents[0]
    contents[30] = contents[31] = contents[20]
    made = split(catalog, contents)
    assert made.test == (0, 1, 2, 3, 4, 20, 21, 22, 23, 24)
    assert part_of(made)[30] == part_of(made)[31]


@pytest.mark.parametrize("seed", range(5))
def test_what_has_a_copy_in_a_named_part_is_not_drawn_for_a_third(seed: int) -> None:
    catalog = catalog_of("a" * 20 + "b" * 20, parts=("v" * 5 + "t" * 15) * 2)
    contents = list(range(40))
    contents[10:15] = contents[:5]
    assert not set(range(10, 15)) & set(split(catalog, contents, seed=seed).test)


def test_an_item_without_a_part_goes_where_its_copy_is() -> None:
    catalog = catalog_of("a" * 9 + "b" * 9, parts=("ss" + "t" * 6 + " ") * 2)
    contents = list(range(18))
    contents[8] = contents[0]
    assert 8 in split(catalog, contents).test
    contents[8] = contents[17] = contents[0] = contents[3]  # in test and train: it may be learned
    contents[12] = contents[11]
    assert not {8, 17} & set(split(catalog, contents).test)


def test_a_new_copy_of_a_known_image_goes_where_that_is() -> None:
    catalog = catalog_of("a" * 20 + "b" * 20)
    before = part_of(split(catalog, range(40)))
    tested = next(index for index, part in before.items() if part == "test")
    learned = next(index for index, part in before.items() if part == "train")
    wider = catalog_of("a" * 20 + "b" * 20 + "a" * 8 + "b" * 8)
    contents = [*range(40), tested, learned, *range(42, 48), tested, *range(49, 56)]
    made = part_of(split(wider, contents, seed=9, known=before))
    assert {index: made[index] for index in before} == before
    assert made[40] == made[48] == "test"
    assert made[41] == "train"


def test_a_new_image_goes_where_its_group_is_though_that_has_a_copy_in_another_part() -> None:
    """Both were known before they were seen to be copies, and neither takes its group along."""
    groups = ["tested", "learned", *[None] * 18, *[None] * 20, "tested", "learned"]
    catalog = catalog_of("a" * 20 + "b" * 20 + "aa", groups=groups)
    contents = list(range(42))
    contents[1] = contents[0]
    made = part_of(split(catalog, contents, known={0: "test", 1: "train"}))
    assert [made[index] for index in (0, 1, 40, 41)] == ["test", "train", "test", "train"]
