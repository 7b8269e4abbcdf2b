"""Says which images are exact copies of others, and what that does to a run's figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from graftwork.data.relative_path import relative_path
from graftwork.data.split import Split
from graftwork.plugin_api import Catalog, Item

from .events import Notice

_SHOWN_PAIRS = 3


def copies_found(catalog: Catalog, contents: Sequence[str]) -> Iterator[Notice]:
    """Warnings of copies, and of copies whose labels differ.

    ``contents`` name what is in each item's file.
    """
    copies = _copies(catalog, contents)
    if not copies:
        return
    surplus = sum(len(items) - 1 for items in copies)
    first, second = (relative_path(item.path, catalog.root) for item in copies[0][:2])
    are = (
        "image is an exact copy of another" if surplus == 1 else "images are exact copies of others"
    )
    text = (
        f"{surplus} {are} (such as {first} and {second}); copies stay together in the split, "
        "except where the data name their parts."
    )
    yield Notice(level="warning", text=text)
    pairs = [pair for items in copies if (pair := _of_two_labels(items))]
    if pairs:
        yield _contradiction(catalog, pairs)


def copies_in_test(split: Split, contents: Sequence[str]) -> Iterator[Notice]:
    """A warning if test images are copies of images that training or its choices see."""
    seen = {contents[row] for row in (*split.train, *split.validation)}
    known = sum(contents[row] in seen for row in split.test)
    if known:
        text = (
            f"{known} of the {len(split.test)} test images are exact copies of training or "
            "validation images, since the data, or the split of the earlier run, say so: the "
            "figures will flatter this run. Remove these copies from one of the parts."
        )
        yield Notice(level="warning", text=text)


def _copies(catalog: Catalog, contents: Sequence[str]) -> list[list[Item]]:
    """The items of each content that several have, in the order of the catalog."""
    first: dict[str, Item] = {}
    found: dict[str, list[Item]] = defaultdict(list)
    for item, content in zip(catalog.items, contents, strict=True):
        other = first.setdefault(content, item)
        if other is not item:
            found[content].append(item)
    return [[first[content], *items] for content, items in found.items()]


def _of_two_labels(items: Sequence[Item]) -> tuple[Item, Item] | None:
    first = items[0]
    return next(((first, item) for item in items if item.label != first.label), None)


def _contradiction(catalog: Catalog, pairs: Sequence[tuple[Item, Item]]) -> Notice:
    shown = "; ".join(
        " and ".join(f"{relative_path(item.path, catalog.root)} ({item.label!r})" for item in pair)
        for pair in pairs[:_SHOWN_PAIRS]
    )
    more = f"; and {len(pairs) - _SHOWN_PAIRS} more" if len(pairs) > _SHOWN_PAIRS else ""
    text = (
        "The same image has two labels, which teaches nonsense and cannot be judged: "
        f"{shown}{more}. Keep the file whose label is right, and remove the other."
    )
    return Notice(level="warning", text=text)
