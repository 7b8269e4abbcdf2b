"""Measures a run's classifier, on the test images that it kept apart or on other data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator

from graftwork.data.catalog import find_reader, read_catalog
from graftwork.data.decoding import decode
from graftwork.data.input_spec import InputSpec, IntensityRange
from graftwork.data.pixels import Pixels, load_pixels
from graftwork.engine.classifier import Classifier
from graftwork.engine.device import choose_device
from graftwork.engine.events import Notice, ProblemFound, TrainingEvent
from graftwork.engine.heap import keep_heap
from graftwork.engine.job import DataSettings
from graftwork.engine.reading import with_progress
from graftwork.engine.train import relative_path
from graftwork.evaluation.evaluate import evaluate
from graftwork.evaluation.report import Evaluation
from graftwork.paths import pixels_folder
from graftwork.plugin_api import Catalog
from graftwork.plugin_host.registry import Registry

from .errors import RunUseError
from .kept import kept_classifier, kept_job, kept_split
from .record import RunRecord


def evaluate_on_own_test_images(
    run: RunRecord, registry: Registry
) -> Generator[TrainingEvent, None, Evaluation]:
    """Measure on the images that the run kept apart, as many of them as are still there."""
    classifier = _classifier(run, registry)
    data = kept_job(run).data
    wanted = set(kept_split(run)["test"])
    pixels = yield from _pixels(data, classifier.info.input, registry)
    rows = _rows(pixels.catalog, wanted)
    if not rows:
        msg = f"None of the {len(wanted)} test images of run {run.id} is in {data.path} any more."
        raise RunUseError(msg)
    if pixels.fingerprint != classifier.info.data_fingerprint:
        yield _changed(data, missing=len(wanted) - len(rows), of=len(wanted))
    items = [pixels.catalog.items[row] for row in rows]
    return (yield from evaluate(classifier, pixels.array, items, rows=rows))


def evaluate_on(
    data: DataSettings, run: RunRecord, registry: Registry
) -> Generator[TrainingEvent, None, Evaluation]:
    """Measure on all images of other data, whose labels must be among the run's classes."""
    classifier = _classifier(run, registry)
    pixels = yield from _pixels(data, classifier.info.input, registry, classifier.info.classes)
    for problem in pixels.catalog.problems:
        yield ProblemFound(path=str(problem.path), reason=problem.reason)
    return (yield from evaluate(classifier, pixels.array, pixels.catalog.items))


def _classifier(run: RunRecord, registry: Registry) -> Classifier:
    keep_heap()
    return kept_classifier(run, registry).to(choose_device("auto"))


def _pixels(
    data: DataSettings, spec: InputSpec, registry: Registry, classes: Collection[str] | None = None
) -> Generator[TrainingEvent, None, Pixels]:
    """The images as the classifier was taught to see them."""
    reader = find_reader(data.path, registry.readers, data.reader)
    catalog = read_catalog(
        data.path, registry.readers, reader=data.reader, options=data.reader_options
    )
    if classes is not None:
        _refuse_unknown_labels(catalog, classes)
    decoder = reader.decode or decode
    # The pixels that training kept are those of the range that the images themselves have.
    loading = load_pixels(catalog, _with_own_range(spec), pixels_folder(), decoder)
    pixels = yield from with_progress(loading)
    if pixels.spec.intensity in {None, spec.intensity}:
        return pixels
    _refuse_deep_images(catalog, spec)
    again = load_pixels(catalog, lambda _: spec, pixels_folder(), decoder)
    return (yield from with_progress(again))


def _with_own_range(spec: InputSpec) -> Callable[[IntensityRange | None], InputSpec]:
    return lambda intensity: spec.model_copy(update={"intensity": intensity})


def _refuse_deep_images(catalog: Catalog, spec: InputSpec) -> None:
    if spec.intensity is None:
        msg = (
            f"{catalog.root} has images deeper than 8 bits, and the run was trained on images of "
            "8 bits. Convert them in the same way as those were."
        )
        raise RunUseError(msg)


def _refuse_unknown_labels(catalog: Catalog, classes: Collection[str]) -> None:
    """Before the images are decoded, which may take long."""
    unknown = sorted({item.label for item in catalog.items} - set(classes))
    if unknown:
        msg = (
            f"{catalog.root} has classes that the run was not taught: {', '.join(unknown)}. "
            f"It knows {', '.join(classes)}. Rename or remove them."
        )
        raise RunUseError(msg)


def _rows(catalog: Catalog, wanted: Collection[str]) -> list[int]:
    return [
        row
        for row, item in enumerate(catalog.items)
        if relative_path(item.path, catalog.root) in wanted
    ]


def _changed(data: DataSettings, *, missing: int, of: int) -> Notice:
    left = f"{missing} of the {of} test images are missing and left out" if missing else ""
    text = f"The images in {data.path} are not as they were when the run was trained"
    return Notice(level="warning", text=f"{text}; {left or 'the test images are all there'}.")
