"""Figures for classes whose names have levels, such as ``bird/owl/barn``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graftwork.engine.heads.class_tree import SEPARATOR

from .bootstrap import Floats, Integers
from .figures import mean, share
from .report import Figure


def hierarchical_figures(
    labels: Integers,
    predicted: Integers,
    classes: Sequence[str],
    groups: Integers | None = None,
) -> dict[str, Figure]:
    """``accuracy_level_1`` and so on, and ``tree_distance``; empty if the names have no levels.

    An image is right at a level if the names of its class and of the predicted one are the same
    down to it. Levels that tell nothing apart, or as much as the classes do, are left out.
    ``groups`` (n) are those of ``group_indices``.
    """
    prefixes = _prefixes(classes)
    levels = [
        level
        for level, column in enumerate(prefixes.T)
        if 1 < len(np.unique(column)) < len(classes)
    ]
    if not levels:
        return {}
    agree = prefixes[labels] == prefixes[predicted]
    distances = tree_distances(labels, predicted, classes)
    return {
        **{f"accuracy_level_{level + 1}": share(agree[:, level], groups) for level in levels},
        "tree_distance": mean(labels, distances, groups),
    }


def tree_distances(labels: Integers, predicted: Integers, classes: Sequence[str]) -> Floats:
    """How many levels it is up to where the true and the predicted class of each image (n) meet.

    Counted from the deeper of the two: 0 if it is right, 1 between ``bird/owl`` and ``bird/duck``.
    It is the height of the lowest common ancestor (Bertinetto et al., "Making Better Mistakes",
    2020) in a tree whose classes are all equally deep.
    """
    prefixes = _prefixes(classes)
    depths = np.array([len(name.split(SEPARATOR)) for name in classes])
    common = (prefixes[labels] == prefixes[predicted]).sum(1)
    distances = np.maximum(depths[labels], depths[predicted]) - common
    return np.where(labels == predicted, 0.0, distances)


def _prefixes(classes: Sequence[str]) -> Integers:
    """A number for each class's name down to each level (classes, levels).

    Below its last level a name goes on as no other does, so that ``bird`` differs from
    ``bird/owl`` at the second level.
    """
    names = [name.split(SEPARATOR) for name in classes]
    depth = max(map(len, names))
    filled = [[*parts, *[""] * (depth - len(parts))] for parts in names]
    numbers: dict[tuple[str, ...], int] = {}
    return np.array(
        [
            [
                numbers.setdefault(tuple(parts[:level]), len(numbers))
                for level in range(1, depth + 1)
            ]
            for parts in filled
        ]
    )
