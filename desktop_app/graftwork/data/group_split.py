"""Splits groups of images so that every part holds every class, in the wanted proportions.

scikit-learn's StratifiedGroupKFold, whose greedy balancing this follows, makes equal folds and may
leave a rare class out of one; a split in three unequal parts for training must not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_ATTEMPTS = 50


@dataclass(frozen=True)
class _Counts:
    """How many images of each class each group has, by group: an entry only where it has some.

    A table of groups by classes would have a thousand times as many where both are many.
    """

    groups: Ints
    classes: Ints
    images: Floats

    @cached_property
    def totals(self) -> Floats:
        """The images of each class."""
        return np.bincount(self.classes, self.images).astype(float)

    @cached_property
    def sizes(self) -> Floats:
        """The images of each group."""
        return np.bincount(self.groups, self.images).astype(float)

    def groups_of_classes(self) -> list[Ints]:
        """Those that have images of the class, for each class."""
        order = np.argsort(self.classes, kind="stable")
        starts = np.searchsorted(self.classes[order], np.arange(1, len(self.totals)))
        return np.split(self.groups[order], starts)

    def of(self, group: int) -> tuple[Ints, Floats]:
        """The classes of which the group has images, and how many of each."""
        first, end = np.searchsorted(self.groups, (group, group + 1))
        return self.classes[first:end], self.images[first:end]

    def held(self, parts: Ints, number: int) -> Floats:
        """The images of each class (parts, classes) that each part has; part -1 is none."""
        given = parts[self.groups]
        held = np.zeros((number, len(self.totals)))
        known = given >= 0
        np.add.at(held, (given[known], self.classes[known]), self.images[known])
        return held


def split_groups(
    labels: Sequence[str],
    groups: Sequence[str],
    shares: Sequence[float],
    random: np.random.Generator,
    *,
    spared: Collection[str] = (),
) -> list[int] | None:
    """The part of each item, 0 to ``len(shares)`` - 1; None if no way was found.

    ``labels`` and ``groups`` name each item's class and group, ``shares`` are the parts' sizes.
    Of classes that are ``spared``, the first part may have none.
    """
    if not labels:
        return []
    names, members = np.unique(groups, return_inverse=True)
    classes, codes = np.unique(labels, return_inverse=True)
    needed = np.ones((len(shares), len(classes)), bool)
    needed[0, np.isin(classes, list(spared))] = False
    for places in _orders(len(names), random):
        found = _assign(_counts(places[members], codes), np.array(shares), needed)
        if found is not None:
            return [int(part) for part in found[places[members]]]
    return None


def _orders(groups: int, random: np.random.Generator) -> Iterator[Ints]:
    """The place of each group in one random order after another; of equals the first is taken."""
    for _ in range(_ATTEMPTS):
        yield np.argsort(random.permutation(groups))


def _counts(members: Ints, codes: Ints) -> _Counts:
    """Of the group and the class of each image."""
    classes = codes.max() + 1
    pairs, images = np.unique(members * classes + codes, return_counts=True)
    return _Counts(*np.divmod(pairs, classes), images.astype(float))


def _assign(counts: _Counts, shares: Floats, needed: Flags) -> Ints | None:
    """The part of each group; None if one lacks a class that it needs."""
    parts = np.full(len(counts.sizes), -1)
    _cover(counts, parts, np.argsort(shares, kind="stable"), needed)
    _balance(counts, parts, shares)
    return parts if (counts.held(parts, len(shares)) > 0)[needed].all() else None


def _cover(counts: _Counts, parts: Ints, smallest_first: Ints, needed: Flags) -> None:
    """Give every part a group of each class it needs, the rarest and the smallest groups first."""
    groups_of = counts.groups_of_classes()
    for column in np.argsort([len(holding) for holding in groups_of], kind="stable"):
        holding = groups_of[column]
        for part in smallest_first:
            free = holding[parts[holding] < 0]
            if needed[part, column] and len(free) and not (parts[holding] == part).any():
                parts[free[np.argmin(counts.sizes[free])]] = part


def _balance(counts: _Counts, parts: Ints, shares: Floats) -> None:
    """Give the other groups, the largest first, to where they bring most towards the shares."""
    missing = shares[:, None] - counts.held(parts, len(shares)) / counts.totals
    free = np.flatnonzero(parts < 0)
    for group in free[np.argsort(-counts.sizes[free], kind="stable")]:
        classes, images = counts.of(group)
        weights = images / counts.totals[classes]
        gain = (missing[:, classes] ** 2 - (missing[:, classes] - weights) ** 2).sum(1)
        parts[group] = np.argmax(gain)
        missing[parts[group], classes] -= weights
