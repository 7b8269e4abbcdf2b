"""Predicts from the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from pathlib import Path

from graftwork.engine.events import Progress
from graftwork.export.image_files import image_files
from graftwork.export.predict import (
    FilePrediction,
    FileProblem,
    predict_files,
    predictions_to_csv,
    predictions_to_json,
)
from graftwork.files import write_text
from graftwork.runs.output_file import output_place, refuse_inputs, refuse_other_ending

from .console import DONE, FAILED, PARTLY_DONE, messages, results, shown
from .left_out import left_out_lines

Predictions = list[FilePrediction | FileProblem]

_TABLE = "The table of predictions"
_MOST_CLASSES = 5


def refuse_target(out: Path | None, model: Path, paths: list[Path]) -> None:
    """Refuse to write over the model, a run's files or the images, or where nothing can be written.

    ``model`` is a model's file or a run's folder. Images in folders have other endings. Raises
    ``GraftworkError``.
    """
    if out is None:
        return
    refuse_other_ending(out, ".csv", ".json")
    refuse_inputs(out, [model, *(model.iterdir() if model.is_dir() else ()), *paths])
    with output_place(out, _TABLE):
        pass  # told before the work, not after it


def predict_with_model(model: Path, paths: list[Path]) -> Generator[Progress, None, Predictions]:
    """What an exported model says, by onnxruntime alone."""
    files = list(image_files(paths))
    found = []
    for done, one in enumerate(predict_files(model, files), 1):
        found.append(one)
        yield Progress(what="Predicting", done=done, total=len(files))
    return found


def write_predictions(found: Predictions, out: Path | None, *, as_json: bool) -> int:
    """Write a CSV (or JSON) of predictions to ``out`` or standard output; gives the exit code."""
    predictions = [one for one in found if isinstance(one, FilePrediction)]
    problems = [one for one in found if isinstance(one, FileProblem)]
    said = ((str(problem.path), problem.reason) for problem in problems)
    for line in left_out_lines(said, "all are in the table"):
        messages.print(line)
    _write(predictions, problems, out, as_json=_is_json(out, wanted=as_json))
    if not predictions:
        messages.print("[red]Error:[/red] No image could be used.")
        return FAILED
    if out is not None:
        messages.print(f"{_in_a_line(predictions)}; written to {shown(str(out))}")
    return PARTLY_DONE if problems else DONE


def _in_a_line(predictions: list[FilePrediction]) -> str:
    """How many images were taken for what, the most frequent class first."""
    found = Counter(prediction.predicted for prediction in predictions).most_common()
    said = ", ".join(f"{count:,} × {shown(name)}" for name, count in found[:_MOST_CLASSES])
    more = f" and {len(found) - _MOST_CLASSES:,} more classes" if len(found) > _MOST_CLASSES else ""
    images = "1 image" if len(predictions) == 1 else f"{len(predictions):,} images"
    return f"{images}: {said}{more}"


def _write(
    predictions: list[FilePrediction],
    problems: list[FileProblem],
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    form = predictions_to_json if as_json else predictions_to_csv
    text = form(predictions, problems)
    if out is None:
        results.file.write(text)
        return
    with output_place(out, _TABLE):
        write_text(out, text)


def _is_json(out: Path | None, *, wanted: bool) -> bool:
    """A file is what its name says."""
    return wanted if out is None else out.suffix.lower() == ".json"
