"""Draws which images of a pool leave training, alike in every class."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graftwork.plugin_api import Part

from .group_split import split_groups
from .units import Unit


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Items that are drawn from: the label and the unit of each, and what they are drawn for.

    ``wanted`` are the parts' shares. Classes that are ``learned`` have training images beside it.
    """

    labels: Sequence[str]
    units: Sequence[Unit]
    wanted: Mapping[Part, float]
    learned: Collection[str]

    def at(self, places: Sequence[int]) -> Pool:
        """The items at these places alone."""
        labels = [self.labels[place] for place in places]
        return replace(self, labels=labels, units=[self.units[place] for place in places])


def draw_units(pool: Pool, random: np.random.Generator) -> dict[int, Part] | None:
    """The parts of those of the pool that leave training; None if no way was found.

    Most units are one item, or copies of one label, and are drawn class by class. Classes that have
    too few such units, since their other images have copies in further classes, are split as groups
    are, which takes longer.
    """
    home, mixed = _classes_of(pool)
    own = Counter(label for unit, label in home.items() if unit not in mixed)
    tight = {label for label in set(pool.labels) if own[label] <= len(pool.wanted)}
    parts = _split_tight(pool, tight, random)
    if parts is None:
        return None
    for unit, held in mixed.items():  # it is drawn with the rarest of its classes
        home[unit] = min(held, key=lambda label: (own[label], label))
    free = {unit: label for unit, label in home.items() if label not in tight}
    parts.update(_draw_free(free, Counter(pool.units), pool.wanted, random))
    return {place: parts[unit] for place, unit in enumerate(pool.units) if unit in parts}


def draw_groups(pool: Pool, random: np.random.Generator) -> dict[int, Part] | None:
    """The same for units that are large or hold several classes."""
    first: dict[Unit, int] = {}
    for place, unit in enumerate(pool.units):
        first.setdefault(unit, place)
    names = [
        f"group {unit}" if isinstance(unit, str) else f"item {first[unit]}" for unit in pool.units
    ]
    shares = {"train": 1 - sum(pool.wanted.values()), **pool.wanted}
    found = split_groups(pool.labels, names, list(shares.values()), random, spared=pool.learned)
    if found is None:
        return None
    parts = list(shares)
    return {i: parts[part] for i, part in enumerate(found) if parts[part] != "train"}


def _split_tight(
    pool: Pool, tight: Collection[str], random: np.random.Generator
) -> dict[Unit, Part] | None:
    part = pool.at([place for place, label in enumerate(pool.labels) if label in tight])
    drawn = draw_groups(part, random) if part.units else {}
    return None if drawn is None else {part.units[i]: drawn[i] for i in drawn}


def _classes_of(pool: Pool) -> tuple[dict[Unit, str], dict[Unit, set[str]]]:
    """The first class of each unit, and all classes of those that have several."""
    home: dict[Unit, str] = {}
    mixed: dict[Unit, set[str]] = defaultdict(set)
    for label, unit in zip(pool.labels, pool.units, strict=True):
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
