"""What a dataset reader gives: a catalog of labelled images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from .errors import GraftworkError

if TYPE_CHECKING:
    import numpy as np

Part = Literal["train", "validation", "test"]
"""The three parts of a split."""

Decoder = Callable[[Path, int], "np.ndarray[Any, Any]"]
"""Gives a file's pixels as (height, width, channels) for a wanted number of channels."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One labelled image.

    ``part`` is set where the data set itself says what the image is for; items that share a
    ``group`` (frames of one film, tiles of one slide) are kept on one side of a split.
    """

    path: Path
    label: str
    part: Part | None = None
    group: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A file that cannot be used, and why, in words for a person."""

    path: Path
    reason: str


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The labelled images of a data set, and what was found wrong with it.

    ``classes`` are in the order of the model's outputs; every item's label is one of them.
    ``problems`` are files that are left out. ``notes`` are sentences that a reader wants to say
    of the whole, while no file is left out; the user sees each as a warning.
    """

    root: Path
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """Images of each class, in class order; a class without images counts 0."""
        found = Counter(item.label for item in self.items)
        return {name: found[name] for name in self.classes}

    def grouped(self) -> str:
        """What belongs together, in a few words; nothing if no item has a group."""
        sizes = Counter(item.group for item in self.items if item.group is not None)
        if not sizes:
            return ""
        groups = "1 group" if len(sizes) == 1 else f"{len(sizes):,} groups"
        return f"{sizes.total():,} images in {groups}, the largest of {max(sizes.values()):,}"


class DatasetError(GraftworkError):
    """The data set as a whole cannot be read; the message says why and what to do."""


class UnusableImageError(Exception):
    """One image file cannot be used; the message is the reason, without the path."""


@dataclass(frozen=True, kw_only=True)
class DatasetReader:
    """Recognises a path and reads it into a catalog.

    ``recognises`` must be quick and must not raise. ``options`` is a pydantic model of what the
    user can tell the reader. ``read`` raises ``DatasetError`` if nothing can be made of the path.
    ``decode`` is given for files that the built-in decoding does not know; it gives
    (height, width, channels) and raises ``UnusableImageError``. ``offers`` names for options that
    are texts what a path has to choose from, such as the columns of a table; it must be quick.
    """

    name: str
    title: str
    summary: str
    recognises: Callable[[Path], bool]
    options: type[BaseModel]
    read: Callable[[Path, Any], Catalog]
    decode: Decoder | None = None
    offers: Callable[[Path], Mapping[str, Sequence[str]]] | None = None
