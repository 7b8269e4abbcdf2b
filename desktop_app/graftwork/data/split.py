"""Which images train, which choose the best weights, and which judge at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, get_args

import numpy as np

from graftwork.plugin_api import Catalog, DatasetError, Part

from .drawing import Pool, draw_groups, draw_units
from .units import Unit, units_of

K = TypeVar("K")

PARTS: tuple[Part, ...] = get_args(Part)

_SHOWN_CLASSES = 5
_TRAIN: Part = "train"


class SplitError(DatasetError):
    """The images cannot be split; the message says which class or group stands against it."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """Indices into ``catalog.items``, ascending; no image is in two parts."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def make_split(
    catalog: Catalog,
    *,
    validation: float,
    test: float,
    seed: int,
    known: Mapping[int, Part] | None = None,
    contents: Sequence[str] | None = None,
) -> Split:
    """Split by the parts that the items name, and draw those that none names.

    An item without a part goes where another of its group is. A group that names two parts raises
    ``SplitError``.

    What is drawn comes from the items for training (or for nothing yet), as the fractions say of
    these, alike in every class, and groups stay together. The same items in the same order with
    the same seed give the same split. A class of which each part could not have an image (or a
    group) is for training as a whole. ``SplitError`` is raised where a class has no image for
    training, or where a part would have images of fewer than two classes.

    ``known`` are parts of an earlier split by index: items from which is drawn stay there with
    their groups, and the fractions are those of the others.

    ``contents`` name what is in each item's file: items of equal content are copies and stay
    together as a group does, with the groups that they are in, unless the items themselves, or
    ``known``, name different parts. A class's copies of one image count as one.
    """
    units = units_of(catalog, contents)
    given = _given_parts(catalog, units)
    parts = [part or "train" for part in given]
    fractions: dict[Part, float] = {"validation": validation, "test": test}
    wanted = {part: share for part, share in fractions.items() if part not in given}
    if wanted:
        pool = [index for index, part in enumerate(parts) if part == "train"]
        settled = _settled(catalog, units, pool, known or {}, len(wanted) + 1)
        pool = [index for index in pool if index not in settled]
        learned = {catalog.items[index].label for index in settled if settled[index] == "train"}
        drawn = _draw(catalog, units, pool, wanted, seed, learned)
        for index, part in {**settled, **drawn}.items():
            parts[index] = part
    _check(catalog, parts)
    return Split(**{part: _indices(parts, part) for part in PARTS})


def classes_without(part: Part, catalog: Catalog, split: Split) -> list[str]:
    """The classes of which the part has no image, in class order."""
    present = {catalog.items[index].label for index in getattr(split, part)}
    return [name for name in catalog.classes if name not in present]


def in_brief(classes: Sequence[str]) -> str:
    """The first few classes by name, and how many more there are."""
    more = len(classes) - _SHOWN_CLASSES
    shown = ", ".join(classes[:_SHOWN_CLASSES])
    return f"{shown} and {more} more classes" if more > 0 else shown


def _settled(
    catalog: Catalog,
    units: Sequence[Unit],
    pool: Sequence[int],
    known: Mapping[int, Part],
    least: int,
) -> dict[int, Part]:
    """The parts of those items of the pool that are not drawn, because they are known or few.

    What has a copy in a part that the data name keeps out of the parts that are drawn.
    """
    groups = [item.group for item in catalog.items]
    of_group = _parts_of(groups, {index: known[index] for index in known if groups[index]})
    drawn_from = set(pool)
    elsewhere = {unit for index, unit in enumerate(units) if index not in drawn_from}
    of_unit = {**_parts_of(units, known), **dict.fromkeys(elsewhere, _TRAIN)}
    settled: dict[int, Part] = {}
    for index in pool:
        part = known.get(index) or of_group.get(groups[index]) or of_unit.get(units[index])
        if part:
            settled[index] = part
    new = [index for index in pool if index not in settled]
    return {**settled, **dict.fromkeys(_few(catalog, units, new, least), "train")}


def _few(catalog: Catalog, units: Sequence[Unit], pool: Sequence[int], least: int) -> set[int]:
    """Those of classes of which fewer than ``least`` images or groups can be drawn.

    Their groups train with them. Another class in these has training images then, and needs one
    group less; still it may come to have too few.
    """
    labels, left, covered = [item.label for item in catalog.items], list(pool), set[str]()
    while True:
        counts = Counter(label for label, _ in {(labels[index], units[index]) for index in left})
        few = {name for name in counts if counts[name] < least - (name in covered)}
        if not few:
            return set(pool) - set(left)
        gone = {units[index] for index in left if labels[index] in few}
        covered |= {labels[index] for index in left if units[index] in gone}
        left = [index for index in left if units[index] not in gone]


def _given_parts(catalog: Catalog, units: Sequence[Unit]) -> list[Part | None]:
    """The part of each item: its own, or that of its group, or that of its copies."""
    of_group: dict[str, Part] = {}
    for item in catalog.items:
        if item.group and item.part and of_group.setdefault(item.group, item.part) != item.part:
            raise _group_in_two_parts(item.group, of_group[item.group], item.part)
    own = [item.part or of_group.get(item.group or "") for item in catalog.items]
    of_unit = _parts_of(units, {index: part for index, part in enumerate(own) if part})
    return [part or of_unit.get(unit) for part, unit in zip(own, units, strict=True)]


def _parts_of(units: Sequence[K], parts: Mapping[int, Part]) -> dict[K, Part]:
    """The part of each unit or group; training of two that it is in, for there it is learned."""
    last_wins = sorted(parts, key=lambda index: PARTS.index(parts[index]), reverse=True)
    return {units[index]: parts[index] for index in last_wins}


def _group_in_two_parts(group: str, *parts: Part) -> SplitError:
    first, second = sorted(parts, key=PARTS.index)
    return SplitError(
        f"Group {group!r} has images in the {first} and the {second} part, though a group must "
        "stay together. Give all its images one part, or leave out the groups or the parts."
    )


def _indices(parts: Sequence[Part], part: Part) -> tuple[int, ...]:
    return tuple(index for index, found in enumerate(parts) if found == part)


def _draw(
    catalog: Catalog,
    units: Sequence[Unit],
    pool: Sequence[int],
    wanted: Mapping[Part, float],
    seed: int,
    learned: Collection[str],
) -> dict[int, Part]:
    """The parts of those items of the pool that leave training.

    Classes that are ``learned`` have training images beside the pool.
    """
    draw = draw_groups if any(item.group for item in catalog.items) else draw_units
    labels = [item.label for item in catalog.items]
    whole = Pool(labels=labels, units=units, wanted=wanted, learned=learned)
    drawn = draw(whole.at(pool), np.random.default_rng(seed))
    if drawn is None:
        msg = (
            "The images cannot be split so that groups and exact copies stay together and every "
            "class is in each part: too many groups hold several classes. Give smaller groups or "
            "more of them, and remove copies that have several labels."
        )
        raise SplitError(msg)
    return {pool[position]: part for position, part in drawn.items()}


def _check(catalog: Catalog, parts: Sequence[Part]) -> None:
    """A class can only be learned from images, and a part judges by two classes at least."""
    present = Counter((part, item.label) for part, item in zip(parts, catalog.items, strict=True))
    counts = catalog.counts()
    for part in PARTS:
        lacking = [name for name in catalog.classes if not present[part, name]]
        named = in_brief([f"{name!r} ({counts[name]} in all)" for name in lacking])
        if lacking and part == "train":
            raise _nothing_to_learn_from(named)
        if len(catalog.classes) - len(lacking) < 2:
            raise _nothing_to_judge_by(part, named)


def _nothing_to_learn_from(classes: str) -> SplitError:
    return SplitError(
        f"The train part has no image of {classes}. Put some there, or leave these classes out."
    )


def _nothing_to_judge_by(part: Part, classes: str) -> SplitError:
    return SplitError(
        f"The {part} part has images of fewer than two classes: there is none of {classes}. "
        "To have some in each part, a class needs at least three images, in three groups if there "
        "are groups; exact copies of an image count as one. Add some, or leave these classes out."
    )
