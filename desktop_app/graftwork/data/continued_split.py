"""The split of images of which an earlier run had some: those stay where they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from graftwork.plugin_api import Catalog, Part

from .split import PARTS, Split, check_parts, make_split

_LEAST = len(PARTS)  # of a class, to have one in each part


def continue_split(
    catalog: Catalog, known: Mapping[int, Part], *, validation: float, test: float, seed: int
) -> Split:
    """Split what is new as ``make_split`` does; ``known`` are parts of items by their index.

    What learned stays out of validation and test, or figures would flatter. An item of a group
    goes where the group is; too few new images of a class that is known train. Raises
    ``SplitError`` as ``make_split`` does.
    """
    parts = _with_groups(catalog, known)
    new = [index for index in range(len(catalog.items)) if index not in parts]
    few = _few(catalog, parts, new)
    parts |= {index: "train" for index in new if catalog.items[index].label in few}
    drawn = [index for index in new if index not in parts]
    if drawn:
        found = make_split(_only(catalog, drawn), validation=validation, test=test, seed=seed)
        parts |= {drawn[place]: part for part in PARTS for place in getattr(found, part)}
    in_order = [parts[index] for index in range(len(catalog.items))]
    check_parts(catalog, in_order)
    return Split.of(in_order)


def _with_groups(catalog: Catalog, known: Mapping[int, Part]) -> dict[int, Part]:
    of_group = {catalog.items[index].group: part for index, part in known.items()}
    of_group.pop(None, None)
    found: dict[int, Part] = {}
    for index, item in enumerate(catalog.items):
        part = known.get(index) or of_group.get(item.group)
        if part:
            found[index] = part
    return found


def _few(catalog: Catalog, parts: Mapping[int, Part], new: list[int]) -> set[str]:
    """Classes that are known, and have too few new images, or groups of them, for a split."""
    units = {(catalog.items[index].label, catalog.items[index].group or index) for index in new}
    counts = Counter(label for label, _ in units)
    return {label for index in parts if counts[label := catalog.items[index].label] < _LEAST}


def _only(catalog: Catalog, indices: list[int]) -> Catalog:
    items = tuple(catalog.items[index] for index in indices)
    labels = {item.label for item in items}
    classes = tuple(name for name in catalog.classes if name in labels)
    return replace(catalog, items=items, classes=classes)
