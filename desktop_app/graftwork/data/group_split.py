"""Splits groups of images so that every part holds every class, in the wanted proportions.

scikit-learn's StratifiedGroupKFold, whose greedy balancing this follows, makes equal folds and may
leave a rare class out of one; a split in three unequal parts for training must not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

Counts = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_ATTEMPTS = 50


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
    names, members = np.unique(groups, return_inverse=True)
    classes, codes = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (members, codes), 1)
    needed = np.ones((len(shares), len(classes)), bool)
    needed[0, np.isin(classes, list(spared))] = False
    for _ in range(_ATTEMPTS):
        order = random.permutation(len(names))
        found = _assign(counts[order], np.array(shares), needed)
        if found is not None:
            parts = np.empty_like(found)
            parts[order] = found
            return [int(part) for part in parts[members]]
    return None


def _assign(counts: Counts, shares: Counts, needed: Flags) -> np.ndarray[Any, Any] | None:
    """The part of each group (groups, classes); None if one lacks a class that it needs."""
    parts = np.full(len(counts), -1)
    _cover(counts, parts, np.argsort(shares, kind="stable"), needed)
    _balance(counts, parts, shares)
    held = np.stack([counts[parts == part].sum(0) for part in range(len(shares))])
    return parts if (held > 0)[needed].all() else None


def _cover(
    counts: Counts,
    parts: np.ndarray[Any, Any],
    smallest_first: np.ndarray[Any, Any],
    needed: Flags,
) -> None:
    """Give every part a group of each class it needs, the rarest and the smallest groups first."""
    sizes = counts.sum(1)
    for column in np.argsort((counts > 0).sum(0), kind="stable"):
        holding = np.flatnonzero(counts[:, column])
        for part in smallest_first:
            free = holding[parts[holding] < 0]
            if needed[part, column] and len(free) and not (parts[holding] == part).any():
                parts[free[np.argmin(sizes[free])]] = part


def _balance(counts: Counts, parts: np.ndarray[Any, Any], shares: Counts) -> None:
    """Give the other groups, the largest first, to where they bring most towards the shares."""
    missing = shares[:, None] - np.stack(
        [counts[parts == part].sum(0) for part in range(len(shares))]
    ) / counts.sum(0)
    weights = counts / counts.sum(0)
    free = np.flatnonzero(parts < 0)
    for group in free[np.argsort(-counts[free].sum(1), kind="stable")]:
        gain = (missing**2 - (missing - weights[group]) ** 2).sum(1)
        parts[group] = np.argmax(gain)
        missing[parts[group]] -= weights[group]
