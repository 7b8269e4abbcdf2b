"""Exports a run's classifier, proven on images that the run validated with."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graftwork.data.decoding import decode_with
from graftwork.data.input_spec import InputSpec
from graftwork.data.intensity import to_eight_bits
from graftwork.data.relative_path import relative_path
from graftwork.engine.data_source import open_data
from graftwork.engine.events import Progress, TrainingEvent
from graftwork.export.onnx_model import ExportReport, export_onnx
from graftwork.plugin_api import Catalog, DatasetError, Decoder, UnusableImageError
from graftwork.plugin_host.registry import Registry

from .errors import RunUseError
from .kept import kept_job, kept_split
from .kept_classifier import kept_classifier
from .output_file import output_place, refuse_other_ending
from .record import RunRecord

SAMPLES = 16
LARGEST_SAMPLES = 100 * 2**20
"""Bytes of all samples together; checking takes about twice as much."""


def export_run(
    run: RunRecord, registry: Registry, file: Path, *, plain: bool
) -> Generator[TrainingEvent, None, ExportReport]:
    """Write the classifier to ``file`` if the model there gives the same answers.

    An older model there is replaced, and its folder is made. Raises ``GraftworkError`` before any
    work if ``file`` is not to be an .onnx, and later if it cannot be written.
    """
    refuse_other_ending(file, ".onnx")
    classifier = kept_classifier(run, registry)
    yield Progress(what="Reading images", done=0, total=2)
    samples = validation_samples(run, registry, classifier.info.input)
    yield Progress(what="Writing and checking the model", done=1, total=2)
    with output_place(file, "The model"):
        report = export_onnx(classifier, file, samples, plain=plain)
    yield Progress(what="Writing and checking the model", done=2, total=2)
    return report


def validation_samples(
    run: RunRecord, registry: Registry, spec: InputSpec
) -> list[NDArray[np.uint8]]:
    """Up to 16 of the run's validation images, as 8 bits but in their own size.

    They are fewer if they are so large that they would fill the memory, but always one.
    Raises ``RunUseError`` if none can be had: a model is handed over only when it was checked.
    """
    data = kept_job(run).data
    try:
        catalog, decoder = open_data(data, registry)
    except DatasetError as error:
        raise _nothing_to_check_with(run, data.path) from error
    paths = _still_there(catalog, kept_split(run).validation)
    samples = list(_affordable(_decoded(_mixed(paths), decoder, spec)))
    if not samples:
        raise _nothing_to_check_with(run, data.path)
    return samples


def _still_there(catalog: Catalog, names: Sequence[str]) -> list[Path]:
    """The files of these images, in their order, that the data still name."""
    files = {relative_path(item.path, catalog.root): item.path for item in catalog.items}
    return [files[name] for name in names if name in files]


def _mixed(paths: Sequence[Path]) -> list[Path]:
    """All of them, so that the first few are of many classes; always in the same order."""
    return random.Random(0).sample(paths, len(paths))


def _decoded(
    paths: Sequence[Path], decoder: Decoder, spec: InputSpec
) -> Iterator[NDArray[np.uint8]]:
    for path in paths:
        with suppress(UnusableImageError):
            yield to_eight_bits(decode_with(decoder, path, spec.channels), spec.intensity)


def _affordable(images: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    size = 0
    for number, image in enumerate(islice(images, SAMPLES)):
        size += image.nbytes
        if number and size > LARGEST_SAMPLES:
            return
        yield image


def _nothing_to_check_with(run: RunRecord, data: Path) -> RunUseError:
    return RunUseError(
        "A model is handed over only once it was checked on images that the run validated with, "
        f"and none of those of run {run.id} can be read from {data}. Put them back there."
    )
