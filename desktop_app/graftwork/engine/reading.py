"""Reads a job's images: catalog, pixels and the parts of the split."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import partial

import numpy as np
import torch

from graftwork.data.catalog import warnings_of
from graftwork.data.input_spec import InputSpec, IntensityRange, input_spec
from graftwork.data.pixels import PixelProgress, Pixels, load_pixels
from graftwork.generators import mapped
from graftwork.paths import pixels_folder
from graftwork.plugin_api import Backbone
from graftwork.plugin_host.registry import Registry

from .data_source import open_data
from .errors import TrainingError
from .events import Notice, ProblemFound, Progress, TrainingEvent
from .inputs import PixelSamples
from .job import TrainingJob


def read_pixels(
    job: TrainingJob, registry: Registry, backbone: Backbone
) -> Generator[TrainingEvent, None, Pixels]:
    """The decoded images of the job, at its size; unusable files become events."""
    catalog, decoder = open_data(job.data, registry)

    spec_for = partial(input_of, job, backbone)
    loading = load_pixels(catalog, spec_for, pixels_folder(), decoder)
    pixels = yield from with_progress(loading)
    yield from _findings(pixels)
    _refuse_other_data(job, pixels.fingerprint)
    return pixels


def input_of(
    job: TrainingJob, backbone: Backbone, intensity: IntensityRange | None = None
) -> InputSpec:
    """What the network sees of the job's images, which have this range of intensity."""
    return input_spec(
        backbone.preprocessing,
        fit=job.training.fit,
        channels=job.training.channels,
        size=job.training.size,
        intensity=intensity,
    )


def samples(pixels: Pixels, rows: Sequence[int]) -> PixelSamples:
    """The images at these rows, with the indices of their classes."""
    places = {name: place for place, name in enumerate(pixels.catalog.classes)}
    labels = [places[pixels.catalog.items[row].label] for row in rows]
    return PixelSamples(
        pixels=pixels.array,
        rows=np.array(rows, dtype=np.int64),
        labels=torch.tensor(labels, dtype=torch.int64),
        digests=pixels.digests,
    )


def with_progress(
    loading: Generator[PixelProgress, None, Pixels],
) -> Generator[Progress, None, Pixels]:
    """The loading of pixels with its progress as training events."""
    return (yield from mapped(loading, _decoding))


def _decoding(step: PixelProgress) -> Progress:
    return Progress(what="Decoding images", done=step.done, total=step.total)


def _findings(pixels: Pixels) -> Iterator[TrainingEvent]:
    for problem in pixels.catalog.problems:
        yield ProblemFound(path=str(problem.path), reason=problem.reason)
    for text in warnings_of(pixels.catalog):
        yield Notice(level="warning", text=text)


def _refuse_other_data(job: TrainingJob, fingerprint: str) -> None:
    if job.data_fingerprint not in {None, fingerprint}:
        msg = (
            f"The images in {job.data.path} are not those that this job was made for: files were "
            "added, removed, changed or relabelled. To train on them as they are now, remove "
            "data_fingerprint from the job file."
        )
        raise TrainingError(msg)
