"""Which images train, which choose the best weights, and which judge at the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from graftwork.plugin_api import Catalog, DatasetError, Part

from .group_split import split_groups

PARTS: tuple[Part, ...] = get_args(Part)

_SHOWN_CLASSES = 5


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
    """
    given = _given_parts(catalog)
    parts = [part or "train" for part in given]
    fractions: dict[Part, float] = {"validation": validation, "test": test}
    wanted = {part: share for part, share in fractions.items() if part not in given}
    if wanted:
        pool = [index for index, part in enumerate(parts) if part == "train"]
        settled = _settled(catalog, pool, known or {}, len(wanted) + 1)
        pool = [index for index in pool if index not in settled]
        learned = {catalog.items[index].label for index in settled if settled[index] == "train"}
        for index, part in {**settled, **_draw(catalog, pool, wanted, seed, learned)}.items():
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
    catalog: Catalog, pool: Sequence[int], known: Mapping[int, Part], least: int
) -> dict[int, Part]:
    """The parts of those items of the pool that are not drawn, because they are known or few."""
    items = catalog.items
    of_group = {items[index].group: part for index, part in known.items() if items[index].group}
    found = {index: known.get(index) or of_group.get(items[index].group) for index in pool}
    settled: dict[int, Part] = {index: part for index, part in found.items() if part}
    new = [index for index in pool if index not in settled]
    return {**settled, **dict.fromkeys(_few(catalog, new, least), "train")}


def _few(catalog: Catalog, pool: Sequence[int], least: int) -> set[int]:
    """Those of classes of which fewer than ``least`` images or groups can be drawn.

    Their groups train with them. Another class in these has training images then, and needs one
    group less; still it may come to have too few.
    """
    items, left, covered = catalog.items, list(pool), set[str]()
    while True:
        units = {(items[index].label, items[index].group or index) for index in left}
        counts = Counter(label for label, _ in units)
        few = {name for name in counts if counts[name] < least - (name in covered)}
        if not few:
            return set(pool) - set(left)
        groups = {items[index].group for index in left if items[index].label in few} - {None}
        stays = [
            index
            for index in left
            if items[index].label not in few and items[index].group not in groups
        ]
        covered |= {items[index].label for index in set(left) - set(stays)}
        left = stays


def _given_parts(catalog: Catalog) -> list[Part | None]:
    """The part of each item: its own, or that of its group."""
    of_group: dict[str, Part] = {}
    for item in catalog.items:
        if item.group and item.part and of_group.setdefault(item.group, item.part) != item.part:
            raise _group_in_two_parts(item.group, of_group[item.group], item.part)
    return [item.part or of_group.get(item.group or "") for item in catalog.items]


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
    pool: Sequence[int],
    wanted: Mapping[Part, float],
    seed: int,
    learned: Collection[str],
) -> dict[int, Part]:
    """The parts of those items of the pool that leave training.

    Classes that are ``learned`` have training images beside the pool.
    """
    random = np.random.default_rng(seed)
    labels = [catalog.items[index].label for index in pool]
    if any(item.group for item in catalog.items):
        groups = [catalog.items[index].group for index in pool]
        drawn = _draw_groups(labels, groups, wanted, random, learned)
    else:
        drawn = _draw_items(labels, wanted, random)
    return {pool[position]: part for position, part in drawn.items()}


def _draw_items(
    labels: list[str], wanted: Mapping[Part, float], random: np.random.Generator
) -> dict[int, Part]:
    members: dict[str, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        members[label].append(position)
    drawn: dict[int, Part] = {}
    owed = dict.fromkeys(wanted, 0.0)  # what rounding kept back, so that it evens out over classes
    for label in sorted(members):
        shuffled = iter(random.permutation(members[label]).tolist())
        counts = _counts(len(members[label]), wanted, owed)
        for part, count in counts.items():
            drawn.update({next(shuffled): part for _ in range(count)})
    return drawn


def _counts(images: int, wanted: Mapping[Part, float], owed: dict[Part, float]) -> dict[Part, int]:
    """How many of a class's images each part gets: one at least, and one is left for training."""
    counts: dict[Part, int] = {}
    left = images - len(wanted)
    for part, share in wanted.items():
        exact = images * share + owed[part]
        extra = min(max(round(exact) - 1, 0), left - 1)
        counts[part] = 1 + extra
        left -= extra
        owed[part] = min(0.5, max(-0.5, exact - counts[part]))
    return counts


def _draw_groups(
    labels: list[str],
    groups: list[str | None],
    wanted: Mapping[Part, float],
    random: np.random.Generator,
    learned: Collection[str],
) -> dict[int, Part]:
    names = [f"group {group}" if group else f"item {i}" for i, group in enumerate(groups)]
    shares = {"train": 1 - sum(wanted.values()), **wanted}
    found = split_groups(labels, names, list(shares.values()), random, spared=learned)
    if found is None:
        msg = (
            "The images cannot be split so that groups stay together and every class is in each "
            "part: too many groups hold several classes. Give smaller groups or more of them."
        )
        raise SplitError(msg)
    parts = list(shares)
    return {i: parts[part] for i, part in enumerate(found) if parts[part] != "train"}


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
        "are groups. Add some, or leave these classes out."
    )
