"""Measures a run's classifier, on the test images that it kept apart or on other data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from pathlib import Path

from graftwork.data.input_spec import InputSpec, IntensityRange
from graftwork.data.pixels import Pixels, load_pixels
from graftwork.data.relative_path import relative_path
from graftwork.engine.data_source import open_data
from graftwork.engine.events import Notice, ProblemFound, TrainingEvent
from graftwork.engine.frozen.features import exact_features
from graftwork.engine.job import DataSettings
from graftwork.engine.reading import samples, with_progress
from graftwork.evaluation.evaluate import evaluate
from graftwork.evaluation.report import Evaluation
from graftwork.paths import pixels_folder
from graftwork.plugin_api import Catalog, Decoder
from graftwork.plugin_host.registry import Registry

from .errors import RunUseError
from .kept import kept_job, kept_split
from .kept_classifier import classifier_at_work
from .record import RunRecord


def evaluate_on_own_test_images(
    run: RunRecord, registry: Registry
) -> Generator[TrainingEvent, None, Evaluation]:
    """Measure on the images that the run kept apart, as many of them as are still there."""
    classifier = yield from classifier_at_work(run, registry)
    data = kept_job(run).data
    wanted = set(kept_split(run).test)
    pixels = yield from _own_pixels(*open_data(data, registry), classifier.info.input)
    rows = _rows(pixels.catalog, wanted)
    if not rows:
        msg = f"None of the {len(wanted)} test images of run {run.id} is in {data.path} any more."
        raise RunUseError(msg)
    if pixels.fingerprint != classifier.info.data_fingerprint:
        yield _changed(data, missing=len(wanted) - len(rows), of=len(wanted))
    items = [pixels.catalog.items[row] for row in rows]
    features = exact_features(classifier, samples(pixels, rows))
    return (yield from evaluate(classifier, pixels.array, items, rows=rows, features=features))


def evaluate_on(
    data: DataSettings, run: RunRecord, registry: Registry
) -> Generator[TrainingEvent, None, Evaluation]:
    """Measure on all images of other data, whose labels must be among the run's classes."""
    classifier = yield from classifier_at_work(run, registry)
    catalog, decoder = open_data(data, registry)
    _refuse_unknown_labels(catalog, classifier.info.classes)
    pixels = yield from _other_pixels(catalog, decoder, classifier.info.input)
    for problem in pixels.catalog.problems:
        yield ProblemFound(path=str(problem.path), reason=problem.reason)
    same = pixels.fingerprint == classifier.info.data_fingerprint
    known = kept_split(run).learned(pixels.catalog.root.resolve() if same else None)
    if learned := _learned(pixels.catalog, known):
        yield _flattering(learned, of=len(pixels.catalog.items))
    items = pixels.catalog.items
    features = exact_features(classifier, samples(pixels, range(len(items))))
    return (yield from evaluate(classifier, pixels.array, items, features=features))


def _own_pixels(
    catalog: Catalog, decoder: Decoder, spec: InputSpec
) -> Generator[TrainingEvent, None, Pixels]:
    """The pixels that training kept: in the range that the images themselves have.

    If the images have changed so much that their range has too, they are read in the run's range.
    """
    loading = load_pixels(catalog, _with_own_range(spec), pixels_folder(), decoder)
    pixels = yield from with_progress(loading)
    if pixels.spec.intensity in {None, spec.intensity}:
        return pixels
    return (yield from _other_pixels(catalog, decoder, spec))


def _other_pixels(
    catalog: Catalog, decoder: Decoder, spec: InputSpec
) -> Generator[TrainingEvent, None, Pixels]:
    """The images as the classifier was taught to see images."""
    spec_for = _with_own_range(spec) if spec.intensity is None else lambda _: spec
    loading = load_pixels(catalog, spec_for, pixels_folder(), decoder)
    pixels = yield from with_progress(loading)
    if spec.intensity is None and pixels.spec.intensity is not None:
        raise _too_deep(catalog)
    return pixels


def _with_own_range(spec: InputSpec) -> Callable[[IntensityRange | None], InputSpec]:
    return lambda intensity: spec.model_copy(update={"intensity": intensity})


def _too_deep(catalog: Catalog) -> RunUseError:
    return RunUseError(
        f"{catalog.root} has images deeper than 8 bits, and the run was trained on images of "
        "8 bits. Convert them in the same way as those were."
    )


def _learned(catalog: Catalog, known: Collection[Path]) -> int:
    """How many of these images are among the known ones."""
    root = catalog.root.resolve()
    return sum(root / relative_path(item.path, catalog.root) in known for item in catalog.items)


def _flattering(learned: int, *, of: int) -> Notice:
    text = (
        f"{learned} of the {of} images are among those that the run, or one that it started from, "
        "was trained or validated with, so these figures flatter it. Evaluate it without naming "
        "data to use only the images that it kept apart."
    )
    return Notice(level="warning", text=text)


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
