"""Finds the images of a catalog that cannot be used, before any training."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from graftwork.plugin_api import Catalog, Decoder, Problem, UnusableImageError

from .decoding import decode, decode_with
from .parallel import PixelProgress, in_order
from .throttle import Throttle


def survey(
    catalog: Catalog, decoder: Decoder = decode, *, channels: int = 3
) -> Generator[PixelProgress, None, tuple[Problem, ...]]:
    """Decode every image, in parallel, and return the problems of those that fail."""

    def check(path: Path) -> Problem | None:
        try:
            decode_with(decoder, path, channels)
        except UnusableImageError as error:
            return Problem(path=path, reason=str(error))
        return None

    throttle, problems = Throttle(), []
    with closing(in_order(check, [item.path for item in catalog.items])) as checked:
        for done, problem in enumerate(checked, 1):
            if problem:
                problems.append(problem)
            if throttle.due():
                yield PixelProgress(done, len(catalog.items))
    yield PixelProgress(len(catalog.items), len(catalog.items))
    return tuple(problems)
