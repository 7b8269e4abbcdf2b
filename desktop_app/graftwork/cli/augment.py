"""Draws what augmentation does to a few images on one sheet, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.engine.job import TrainingJob
from graftwork.files import replacing
from graftwork.plugin_api import GraftworkError
from graftwork.runs.errors import OutputFileError
from graftwork.runs.output_file import output_place, refuse_other_ending

from .console import print_json, results, shown
from .progress import listen

if TYPE_CHECKING:
    from graftwork.engine.examples import Examples
    from graftwork.plugin_host.registry import Registry


def draw_sheet(
    registry: Registry,
    job: TrainingJob,
    file: Path,
    *,
    images: int,
    versions: int,
    as_json: bool,
) -> None:
    """Write a PNG with an image and its versions in each row, and say what it shows.

    Raises ``GraftworkError`` if the settings change nothing, or the file is there already or not
    to be a PNG.
    """
    from .contact_sheet import contact_sheet

    _refuse_target(file)
    found = _examples(registry, job, images, versions, as_json=as_json)
    with output_place(file, "The sheet"), replacing(file) as temporary:
        contact_sheet(found).save(temporary, "PNG")
    if as_json:
        paths = [str(example.item.path) for example in found.shown]
        print_json({"kind": "result", "file": str(file), "level": found.level, "images": paths})
    else:
        results.print(
            f"{shown(str(file))}: {found.level} augmentation of {len(found.shown)} images"
        )


def _refuse_target(file: Path) -> None:
    """Unlike a table or a model, a PNG that is there may well be an image of the user's."""
    refuse_other_ending(file, ".png")
    if file.exists():
        msg = f"{file} is there already, and images are never replaced. Choose another name."
        raise OutputFileError(msg)


def _examples(
    registry: Registry, job: TrainingJob, images: int, versions: int, *, as_json: bool
) -> Examples:
    from graftwork.data.intensity import measure_intensity
    from graftwork.engine.data_source import open_data
    from graftwork.engine.examples import augmentation_examples

    catalog, decoder = open_data(job.data, registry)
    paths = [item.path for item in catalog.items]
    intensity = measure_intensity(paths, job.training.channels, decoder)
    steps = augmentation_examples(
        job, registry, catalog, decoder, images=images, versions=versions, intensity=intensity
    )
    found = listen(steps, as_json=as_json)
    if not len(found.shown[0].versions):
        msg = (
            f"With these settings training images are not changed (strategy {job.strategy}, "
            "augmentation none). Add --set augmentation=light, for instance."
        )
        raise GraftworkError(msg)
    return found
