"""Predicts image files with an exported model, by onnxruntime alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graftwork.data.decoding import decode, decode_with
from graftwork.data.input_spec import InputSpec
from graftwork.data.intensity import to_eight_bits
from graftwork.plugin_api import Decoder, UnusableImageError

from .image_files import image_files
from .onnx_classifier import ModelFileError, OnnxClassifier

_ALL_KEPT = 100
_MOST_PROBABLE = 10

Probabilities = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Gives probabilities (N, classes) of images (N, H, W, channels)."""


@dataclass(frozen=True, kw_only=True)
class FilePrediction:
    """A file, the class with the highest probability, and what the classifier gives each class.

    Of more than a hundred classes only the ten with the highest probabilities are in
    ``probabilities``, the highest first, and it is not ``complete``: of thousands of classes and
    images, nobody reads all, and no memory holds them.
    """

    path: Path
    predicted: str
    confidence: float
    probabilities: Mapping[str, float]
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class FileProblem:
    """A file that could not be used, and why, in words for a person."""

    path: Path
    reason: str


def predict_files(model: Path, paths: Iterable[Path]) -> Iterator[FilePrediction | FileProblem]:
    """What the model says of each image, as it is asked for; folders are searched for images.

    ``paths`` may be a list of what ``image_files`` finds, to know beforehand how many there are.
    Images are read as in training and predicted one at a time: on a processor, batches are no
    faster. Raises ``ModelFileError`` at once if the file is not a model that takes images.
    """
    classifier = OnnxClassifier(model)
    if classifier.info.input_kind != "images":
        msg = (
            f"{model} is a plain model: it takes tensors that are resized and normalized already, "
            "not image files. Export the run again, not as a plain model."
        )
        raise ModelFileError(msg)
    info = classifier.info
    return (
        predict_file(file, info.input, info.classes, classifier.probabilities)
        for file in image_files(paths)
    )


def predict_file(
    file: Path,
    spec: InputSpec,
    classes: Sequence[str],
    probabilities: Probabilities,
    decoder: Decoder = decode,
) -> FilePrediction | FileProblem:
    """What a classifier says of one image, read as in training."""
    try:
        image = to_eight_bits(decode_with(decoder, file, spec.channels), spec.intensity)
    except UnusableImageError as error:
        return FileProblem(path=file, reason=str(error))
    found = probabilities(image[None])[0]
    winner = int(found.argmax())
    return FilePrediction(
        path=file,
        predicted=classes[winner],
        confidence=float(found[winner]),
        probabilities={classes[place]: float(found[place]) for place in _kept(found)},
        complete=len(classes) <= _ALL_KEPT,
    )


def _kept(probabilities: NDArray[np.float32]) -> Iterable[int]:
    """The places of the classes to keep: all in their order, or the most probable ones."""
    if len(probabilities) <= _ALL_KEPT:
        return range(len(probabilities))
    falling: list[int] = np.argsort(-probabilities, kind="stable")[:_MOST_PROBABLE].tolist()
    return falling


def predictions_to_csv(
    predictions: Sequence[FilePrediction], problems: Sequence[FileProblem]
) -> str:
    """A table with a line for each file and a column for each class; problems come last.

    Where predictions are not complete, the columns are the classes that come second to last of
    those kept, each with its probability.
    """
    columns = _columns(predictions[0]) if predictions else []
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["path", "predicted", "confidence", "problem", *columns])
    for one in predictions:
        table.writerow([_text(one.path), one.predicted, _digits(one.confidence), "", *_cells(one)])
    for problem in problems:
        table.writerow([_text(problem.path), "", "", problem.reason, *[""] * len(columns)])
    return text.getvalue()


def _columns(one: FilePrediction) -> list[str]:
    if one.complete:
        return list(one.probabilities)
    ranks = range(2, len(one.probabilities) + 1)
    return [f"{what} {rank}" for rank in ranks for what in ("class", "probability")]


def _cells(one: FilePrediction) -> list[str | float]:
    if one.complete:
        return [_digits(value) for value in one.probabilities.values()]
    others = list(one.probabilities.items())[1:]
    return [cell for name, value in others for cell in (name, _digits(value))]


def predictions_to_json(
    predictions: Sequence[FilePrediction], problems: Sequence[FileProblem]
) -> str:
    """A document with the lists ``classes``, ``predictions`` and ``problems``.

    ``classes`` is empty where predictions are not complete.
    """
    complete = bool(predictions) and predictions[0].complete
    document = {
        "classes": list(predictions[0].probabilities) if complete else [],
        "predictions": [_record(one) for one in predictions],
        "problems": [{"path": _text(one.path), "reason": one.reason} for one in problems],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _record(one: FilePrediction) -> dict[str, Any]:
    return {
        "path": _text(one.path),
        "predicted": one.predicted,
        "confidence": _digits(one.confidence),
        "probabilities": {name: _digits(value) for name, value in one.probabilities.items()},
    }


def _digits(probability: float) -> float:
    """Six digits, which is all that single precision holds."""
    return float(f"{probability:.6g}")


def _text(path: Path) -> str:
    """The path; bytes of its name that are not UTF-8 are written as escapes."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
