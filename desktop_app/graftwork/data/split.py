"""Which images train, which choose the best weights, and which judge at the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
    the same seed give the same split. Every class has an image in each part; where that cannot
    be, ``SplitError`` is raised.

    ``known`` are parts of an earlier split by index: items from which is drawn stay there with
    their groups, and the fractions are those of the others. Of a known class, too few others to
    draw from are for training.
    """
    given = _given_parts(catalog)
    parts = [part or "train" for part in given]
    fractions: dict[Part, float] = {"validation": validation, "test": test}
    wanted = {part: share for part, share in fractions.items() if part not in given}
    if wanted:
        pool = [index for index, part in enumerate(parts) if part == "train"]
        settled = _settled(catalog, pool, known or {}, len(wanted) + 1)
        pool = [index for index in pool if index not in settled]
        classes = {catalog.items[index].label for index in settled}
        needed = _needed_classes(catalog, pool, classes)
        for index, part in {**settled, **_draw(catalog, pool, needed, wanted, seed)}.items():
            parts[index] = part
    _check(catalog, parts)
    return Split(**{part: _indices(parts, part) for part in PARTS})


def _settled(
    catalog: Catalog, pool: Sequence[int], known: Mapping[int, Part], least: int
) -> dict[int, Part]:
    """The parts of those items of the pool that are not drawn, because they are known or few."""
    items = catalog.items
    of_group = {items[index].group: part for index, part in known.items() if items[index].group}
    found = {index: known.get(index) or of_group.get(items[index].group) for index in pool}
    settled: dict[int, Part] = {index: part for index, part in found.items() if part}
    new = [index for index in pool if index not in settled]
    units = {(items[index].label, items[index].group or index) for index in new}
    counts = Counter(label for label, _ in units)
    classes = {items[index].label for index in settled}
    few = {label for label in classes if counts[label] < least}
    return {**settled, **{index: "train" for index in new if items[index].label in few}}


def _needed_classes(catalog: Catalog, pool: Sequence[int], settled: Collection[str]) -> list[str]:
    """The classes of which the pool must have enough: all but those that are settled as a whole."""
    drawn = {catalog.items[index].label for index in pool}
    return [name for name in catalog.classes if name in drawn or name not in settled]


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
    classes: Sequence[str],
    wanted: Mapping[Part, float],
    seed: int,
) -> dict[int, Part]:
    """The parts of those items of the pool that leave training."""
    random = np.random.default_rng(seed)
    labels = [catalog.items[index].label for index in pool]
    _check_enough(Counter(labels), classes, len(wanted) + 1, "images")
    groups = [catalog.items[index].group for index in pool]
    if not any(groups):
        drawn = _draw_items(labels, wanted, random)
    else:
        drawn = _draw_groups(classes, labels, groups, wanted, random)
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
    classes: Sequence[str],
    labels: list[str],
    groups: list[str | None],
    wanted: Mapping[Part, float],
    random: np.random.Generator,
) -> dict[int, Part]:
    names = [f"group {group}" if group else f"item {i}" for i, group in enumerate(groups)]
    groups_of = Counter(label for label, _ in set(zip(labels, names, strict=True)))
    _check_enough(groups_of, classes, len(wanted) + 1, "groups of images")
    shares = {"train": 1 - sum(wanted.values()), **wanted}
    found = split_groups(labels, names, list(shares.values()), random)
    if found is None:
        msg = (
            "The images cannot be split so that groups stay together and every class is in each "
            "part: too many groups hold several classes. Give smaller groups or more of them."
        )
        raise SplitError(msg)
    parts = list(shares)
    return {i: parts[part] for i, part in enumerate(found) if parts[part] != "train"}


def _check_enough(
    counts: Mapping[str, int], classes: Iterable[str], needed: int, what: str
) -> None:
    lacking = [
        f"{name!r} has {counts.get(name, 0)}" for name in classes if counts.get(name, 0) < needed
    ]
    if lacking:
        msg = (
            f"A split needs at least {needed} {what} of each class, but {_some(lacking)}. "
            "Add images to these classes or leave them out."
        )
        raise SplitError(msg)


def _check(catalog: Catalog, parts: Sequence[Part]) -> None:
    present = Counter((part, item.label) for part, item in zip(parts, catalog.items, strict=True))
    for part in PARTS:
        lacking = [repr(name) for name in catalog.classes if not present[part, name]]
        if lacking:
            msg = (
                f"The {part} part has no image of {_some(lacking)}. "
                "Add some there, or give no parts, so that all are drawn."
            )
            raise SplitError(msg)


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN_CLASSES
    shown = ", ".join(names[:_SHOWN_CLASSES])
    return f"{shown} and {more} more classes" if more > 0 else shown
