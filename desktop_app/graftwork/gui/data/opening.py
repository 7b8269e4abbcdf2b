"""Reads a data set step by step, as a generator that a thread can pull. No widget here."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.data.input_spec import IntensityRange
from graftwork.engine.events import Progress
from graftwork.generators import mapped
from graftwork.gui.parts.text import counted
from graftwork.plugin_api import Catalog, DatasetReader

if TYPE_CHECKING:
    from graftwork.data.parallel import PixelProgress

_DEPTH = "Looking at their depth"
_CHECK = "Checking that every image can be used"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user wants to open, and how it is to be read (None: as it is recognised)."""

    path: Path
    reader: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A data set that was read: what was asked for, what it holds, and what to beware of.

    ``intensity`` is the range of its images deeper than 8 bits, if it has such.
    """

    wish: Wish
    reader: DatasetReader
    catalog: Catalog
    intensity: IntensityRange | None
    warnings: tuple[str, ...]

    def summary(self) -> str:
        """How many images, of how many classes, and where they are."""
        classes = counted(len(self.catalog.classes), "class", "classes")
        images = counted(len(self.catalog.items), "image")
        held = f"  ·  kept together: {grouped}" if (grouped := self.catalog.grouped()) else ""
        return f"{images} in {classes}{held}  ·  {self.wish.path}"


def open_data(
    wish: Wish, readers: Mapping[str, DatasetReader]
) -> Generator[Progress, None, Opened]:
    """Read the data set; raises ``DatasetError``.

    It may be closed between any two images; while the reader lists them, it cannot.
    """
    from graftwork.data.catalog import find_reader, read_catalog, warnings_of

    yield Progress(what="Looking for images", done=0, total=0)
    reader = readers[wish.reader] if wish.reader else find_reader(wish.path, readers)
    catalog = read_catalog(wish.path, reader, wish.options)
    yield Progress(what=_DEPTH, done=0, total=0)
    intensity = yield from mapped(_measuring(catalog, reader), partial(_told, _DEPTH))
    return Opened(
        wish=wish,
        reader=reader,
        catalog=catalog,
        intensity=intensity,
        warnings=tuple(warnings_of(catalog)),
    )


def _measuring(
    catalog: Catalog, reader: DatasetReader
) -> Generator[PixelProgress, None, IntensityRange | None]:
    from graftwork.data.decoding import decode
    from graftwork.data.intensity import measuring

    return measuring([item.path for item in catalog.items], 3, reader.decode or decode)


def check_data(opened: Opened) -> Generator[Progress, None, Opened]:
    """Look at every image once; gives the data set without those that cannot be used.

    Its warnings tell of copies, too.
    """
    from graftwork.data.catalog import warnings_of
    from graftwork.data.decoding import decode
    from graftwork.data.survey import survey
    from graftwork.engine.copies import copies_found

    steps = survey(opened.catalog, opened.reader.decode or decode)
    seen = yield from mapped(steps, partial(_told, _CHECK))
    copies = (notice.text for notice in copies_found(seen.catalog, seen.contents))
    warnings = (*warnings_of(seen.catalog), *copies)
    return replace(opened, catalog=seen.catalog, warnings=warnings)


def _told(what: str, step: PixelProgress) -> Progress:
    return Progress(what=what, done=step.done, total=step.total)
