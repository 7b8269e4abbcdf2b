"""Draws which images of a pool leave training, alike in every class."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from graftwork.plugin_api import Part

from .group_split import split_groups
from .units import Unit


def draw_units(
    labels: Sequence[str],
    units: Sequence[Unit],
    wanted: Mapping[Part, float],
    random: np.random.Generator,
    learned: Collection[str],
) -> dict[int, Part] | None:
    """The parts of those of the pool that leave training; None if no way was found.

    ``labels`` and ``units`` are of each item of the pool, ``wanted`` are the parts' shares. Most
    units are one item, or copies of one label, and are drawn class by class. Classes that have too
    few such units, since their other images have copies in further classes, are split as groups
    are, which takes longer. Classes that are ``learned`` have training images beside the pool.
    """
    home, mixed = _classes_of(labels, units)
    own = Counter(label for unit, label in home.items() if unit not in mixed)
    tight = {label for label in set(labels) if own[label] <= len(wanted)}
    parts = _split_tight(labels, units, tight, wanted, random, learned)
    if parts is None:
        return None
    for unit, held in mixed.items():  # it is drawn with the rarest of its classes
        home[unit] = min(held, key=lambda label: (own[label], label))
    free = {unit: label for unit, label in home.items() if label not in tight}
    parts.update(_draw_free(free, Counter(units), wanted, random))
    return {place: parts[unit] for place, unit in enumerate(units) if unit in parts}


def draw_groups(
    labels: Sequence[str],
    units: Sequence[Unit],
    wanted: Mapping[Part, float],
    random: np.random.Generator,
    learned: Collection[str],
) -> dict[int, Part] | None:
    """The same for units that are large or hold several classes."""
    first: dict[Unit, int] = {}
    for place, unit in enumerate(units):
        first.setdefault(unit, place)
    names = [f"group {unit}" if isinstance(unit, str) else f"item {first[unit]}" for unit in units]
    shares = {"train": 1 - sum(wanted.values()), **wanted}
    found = split_groups(labels, names, list(shares.values()), random, spared=learned)
    if found is None:
        return None
    parts = list(shares)
    return {i: parts[part] for i, part in enumerate(found) if parts[part] != "train"}


def _split_tight(
    labels: Sequence[str],
    units: Sequence[Unit],
    tight: Collection[str],
    wanted: Mapping[Part, float],
    random: np.random.Generator,
    learned: Collection[str],
) -> dict[Unit, Part] | None:
    places = [place for place, label in enumerate(labels) if label in tight]
    if not places:
        return {}
    theirs = [units[place] for place in places]
    drawn = draw_groups([labels[place] for place in places], theirs, wanted, random, learned)
    return None if drawn is None else {theirs[i]: part for i, part in drawn.items()}


def _classes_of(
    labels: Sequence[str], units: Sequence[Unit]
) -> tuple[dict[Unit, str], dict[Unit, set[str]]]:
    """The first class of each unit, and all classes of those that have several."""
    home: dict[Unit, str] = {}
    mixed: dict[Unit, set[str]] = defaultdict(set)
    for label, unit in zip(labels, units, strict=True):
        first = home.setdefault(unit, label)
        if first != label:
            mixed[unit] |= {first, label}
    return home, mixed


def _draw_free(
    homes: Mapping[Unit, str],
    sizes: Mapping[Unit, int],
    wanted: Mapping[Part, float],
    random: np.random.Generator,
) -> dict[Unit, Part]:
    members: dict[str, list[Unit]] = defaultdict(list)
    for unit, label in homes.items():
        members[label].append(unit)
    drawn: dict[Unit, Part] = {}
    owed = dict.fromkeys(wanted, 0.0)  # what rounding kept back, so that it evens out over classes
    for label in sorted(members):
        theirs = members[label]
        left = [theirs[place] for place in random.permutation(len(theirs)).tolist()]
        counts = _counts(sum(sizes[unit] for unit in left), wanted, owed)
        for later, (part, count) in zip(range(len(counts), 0, -1), counts.items(), strict=True):
            taken = _taken(left, sizes, count, spare=len(left) - later)
            drawn.update(dict.fromkeys(taken, part))
            left = [unit for unit in left if unit not in taken]
    return drawn


def _taken(units: Sequence[Unit], sizes: Mapping[Unit, int], room: int, spare: int) -> set[Unit]:
    """The first units that have room, at most ``spare`` of them; one at least."""
    taken: set[Unit] = set()
    for unit in units:
        if sizes[unit] <= room and len(taken) < spare:
            taken.add(unit)
            room -= sizes[unit]
    return taken or {min(units, key=lambda unit: sizes[unit])}


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
