"""Predicts from the command line."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from rich.markup import escape

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
from graftwork.plugin_api import GraftworkError

from .console import DONE, FAILED, PARTLY_DONE, messages, results

Predictions = list[FilePrediction | FileProblem]


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
    for problem in problems:
        place, reason = escape(str(problem.path)), escape(problem.reason)
        messages.print(f"[yellow]Left out:[/yellow] {place}: {reason}")
    _write(predictions, problems, out, as_json=as_json or _is_json(out))
    if not predictions:
        messages.print("[red]Error:[/red] No image could be used.")
        return FAILED
    return PARTLY_DONE if problems else DONE


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
    try:
        write_text(out, text)
    except OSError as error:
        msg = f"The predictions cannot be written to {out}: {error.strerror}."
        raise GraftworkError(msg) from error


def _is_json(out: Path | None) -> bool:
    return out is not None and out.suffix.lower() == ".json"
