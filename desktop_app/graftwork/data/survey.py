"""Looks at every image of a catalog, before any training."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graftwork.plugin_api import Catalog, Decoder, Problem, UnusableImageError

from .decoding import decode, decode_and_hash
from .parallel import PixelProgress, for_each


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The catalog without what cannot be used, and what tells its items' files from each other."""

    catalog: Catalog
    contents: tuple[str, ...]


def survey(
    catalog: Catalog, decoder: Decoder = decode, *, channels: int = 3
) -> Generator[PixelProgress, None, Survey]:
    """Decode every image, in parallel; those that fail become problems of the catalog."""

    def look(path: Path) -> str | Problem:
        try:
            return decode_and_hash(decoder, path, channels)[1]
        except UnusableImageError as error:
            return Problem(path=path, reason=str(error))

    seen = yield from for_each(look, [item.path for item in catalog.items])
    yield PixelProgress(len(catalog.items), len(catalog.items))
    return _survey(catalog, seen)


def _survey(catalog: Catalog, seen: Sequence[str | Problem]) -> Survey:
    usable = [
        (item, found)
        for item, found in zip(catalog.items, seen, strict=True)
        if isinstance(found, str)
    ]
    problems = [found for found in seen if isinstance(found, Problem)]
    return Survey(
        catalog=replace(
            catalog,
            items=tuple(item for item, _ in usable),
            problems=(*catalog.problems, *problems),
        ),
        contents=tuple(content for _, content in usable),
    )
