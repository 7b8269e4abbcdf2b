"""The images of a run: read, and split into those to train on, to choose by and to test with."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from graftwork.data.pixels import Pixels
from graftwork.data.split import Split
from graftwork.plugin_host.registry import Registry

from .events import DataReady, Notice, TrainingEvent
from .job_check import CheckedJob
from .reading import read_pixels
from .split_file import KeptSplit, earlier_split
from .splitting import split_images


@dataclass(frozen=True, kw_only=True)
class RunImages:
    """The pixels, and which image is in which part of the split.

    ``earlier_split`` is that of the run that this one starts from, if there is one that kept it.
    """

    pixels: Pixels
    split: Split
    earlier_split: KeptSplit | None


def read_images(
    checked: CheckedJob, registry: Registry
) -> Generator[TrainingEvent, None, RunImages]:
    """Read and split the images of the job; raises ``TrainingError`` or ``DatasetError``."""
    job = checked.job
    pixels = yield from read_pixels(job, registry, checked.backbone)
    earlier = earlier_split(job.start.folder) if job.start else None
    split = yield from split_images(job, pixels, earlier)
    if grouped := pixels.catalog.grouped():
        yield Notice(level="info", text=f"Not split: {grouped}.")
    yield _data_ready(pixels, split)
    return RunImages(pixels=pixels, split=split, earlier_split=earlier)


def _data_ready(pixels: Pixels, split: Split) -> DataReady:
    return DataReady(
        classes=pixels.catalog.classes,
        train=len(split.train),
        validation=len(split.validation),
        test=len(split.test),
        data_fingerprint=pixels.fingerprint,
    )
