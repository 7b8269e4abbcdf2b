"""Splits a job's images, as an earlier run did where there is one, and says what comes of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from graftwork.data.pixels import Pixels
from graftwork.data.split import PARTS, Split, classes_without, in_brief, make_split
from graftwork.plugin_api import Part

from .copies import copies_found, copies_in_test
from .events import Notice
from .job import TrainingJob
from .split_file import KeptSplit

_WITHOUT: Mapping[Part, str] = {
    "validation": "the best weights are chosen without such images",
    "test": "no figure tells how well such images are found",
}


def split_images(
    job: TrainingJob, pixels: Pixels, earlier: KeptSplit | None
) -> Generator[Notice, None, Split]:
    """The split that the job wants; ``earlier`` is that of the run that it starts from.

    Raises ``SplitError``.
    """
    catalog, contents = pixels.catalog, pixels.digests
    yield from copies_found(catalog, contents)
    known = earlier.parts(catalog) if earlier else {}
    split = make_split(
        catalog,
        validation=job.data.validation,
        test=job.data.test,
        seed=job.seed,
        known=known,
        contents=contents,
    )
    yield from copies_in_test(split, contents)
    if known:
        yield _known_parts(known, split)
    for part, so in _WITHOUT.items():
        if lacking := classes_without(part, catalog, split):
            text = f"There is no {part} image of {in_brief(lacking)}, so that {so}."
            yield Notice(level="warning", text=text)
    return split


def _known_parts(known: Mapping[int, Part], split: Split) -> Notice:
    """What of an earlier run's split still holds: parts that the data name come first."""
    parts = {index: part for part in PARTS for index in getattr(split, part)}
    learned = sum(known.get(index, "test") != "test" for index in split.test)
    if learned:
        text = (
            f"{learned} of the {len(split.test)} test images are among those that the earlier run "
            "was trained or validated with, since the data say which images are for testing: the "
            "figures will flatter this one."
        )
        return Notice(level="warning", text=text)
    same = sum(parts[index] == part for index, part in known.items())
    text = (
        f"{same} of the {len(parts)} images stay in the part of the split that the earlier run "
        "gave them, so that no test image is one that it learned from."
    )
    return Notice(level="info", text=text)
