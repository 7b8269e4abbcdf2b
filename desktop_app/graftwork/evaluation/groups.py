"""Images that belong together, such as frames of a film, and how few independent ones they equal.

``groups`` are indices (n,), one of each image's group; None where every image is on its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from graftwork.plugin_api import Item

from .bootstrap import Floats, Integers

_Z = float(norm.ppf(0.975))


def group_indices(items: Sequence[Item]) -> Integers | None:
    """The group of each item; one without is a group of its own. None if no two share a group."""
    numbers: dict[str | int, int] = {}
    found = [
        numbers.setdefault(item.group or place, len(numbers)) for place, item in enumerate(items)
    ]
    return np.array(found, dtype=np.int64) if len(numbers) < len(items) else None


def effective_images(right: NDArray[np.bool_], kinds: Integers, groups: Integers | None) -> float:
    """How many independent images the mean over kinds (n) of the shares that are right is worth.

    Without groups: if every share were p, the mean would vary by p (1 - p) / effective. Groups
    divide that by their design effect, by how much the linearised variance of sums over groups
    exceeds that of images, with Student's quantile in the place of the normal one (Korn and
    Graubard, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", 1998). It is taken to be at least 1, and at most what it is if all
    images of a group are alike. One design effect stands for all kinds. Where a group or two have
    nearly all errors, or half of the images, the interval is still too narrow: too little tells
    how groups differ.
    """
    _, kinds, sizes = np.unique(kinds, return_inverse=True, return_counts=True)
    weights = 1 / (len(sizes) * sizes[kinds])
    images = float(1 / (weights**2).sum())
    if groups is None:
        return images
    doubts = weights * (right - (np.bincount(kinds, right) / sizes)[kinds])
    if not doubts.any():
        return _with_nothing_to_compare(kinds, groups)
    worst = images * float((np.bincount(groups, weights) ** 2).sum())
    return images / min(max(1.0, _design_effect(doubts, kinds, groups)), worst)


def interval_tails(groups: Integers | None) -> tuple[float, float]:
    """Which shares of resamples lie outside a 95 % interval, below and above.

    They are smaller where groups are few, whose resamples differ less than they themselves do
    (Hesterberg, "What teachers should know about the bootstrap", 2014: the expanded percentiles).
    """
    drawn = math.inf if groups is None else int(groups.max()) + 1
    if drawn == 1 or math.isinf(drawn):
        return 0.025, 0.975
    tail = float(norm.cdf(-math.sqrt(drawn / (drawn - 1)) * t.ppf(0.975, drawn - 1)))
    return tail, 1 - tail


def _design_effect(doubts: Floats, kinds: Integers, groups: Integers) -> float:
    drawn, freedom = int(groups.max()) + 1, _freedom(kinds, groups)
    if not freedom:
        return math.inf
    by_group = (np.bincount(groups, doubts) ** 2).sum() * drawn / freedom
    return float(by_group / (doubts**2).sum() * (t.ppf(0.975, freedom) / _Z) ** 2)


def _freedom(kinds: Integers, groups: Integers) -> int:
    """Groups less one; where they are of one kind each, groups less one of each kind."""
    return int(min(groups.max(), (_groups_of_kinds(kinds, groups) - 1).sum()))


def _with_nothing_to_compare(kinds: Integers, groups: Integers) -> float:
    """If all are right or all wrong in each kind: as many as groups, for one may be an accident.

    Were the true share p, all of G groups would be right with a probability of p**G at most.
    """
    of_kinds = _groups_of_kinds(kinds, groups)
    return float(min(groups.max() + 1, len(of_kinds) ** 2 / (1 / of_kinds).sum()))


def _groups_of_kinds(kinds: Integers, groups: Integers) -> Integers:
    """How many groups have images of each kind."""
    pairs = np.unique(kinds * (groups.max() + 1) + groups)
    return np.bincount(pairs // (groups.max() + 1))
