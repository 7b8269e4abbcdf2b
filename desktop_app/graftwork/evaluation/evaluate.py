"""Runs a classifier over labelled images and measures it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.engine.classifier import Classifier
from graftwork.engine.evaluating import evaluating
from graftwork.engine.events import Progress
from graftwork.engine.inputs import Samples
from graftwork.plugin_api import GraftworkError, Item

from .answers import Answers, answers, joined
from .figures import class_figures, confusion_entries, headline_figures
from .groups import group_indices
from .hierarchy import hierarchical_figures
from .report import Evaluation, Prediction

BATCH = 32


class EvaluationError(GraftworkError):
    """These images cannot be evaluated with this classifier; the message says why."""


def evaluate(
    classifier: Classifier,
    pixels: NDArray[np.uint8],
    items: Sequence[Item],
    *,
    rows: Sequence[int] | None = None,
    features: Samples | None = None,
) -> Generator[Progress, None, Evaluation]:
    """Measure the classifier, where it is, in single precision, and return the evaluation.

    ``pixels`` (n, size, size, channels) are images that are resized already. The i-th item is in
    row i, or in row ``rows[i]``, so that a part of a memory-mapped file need not be copied.
    ``features`` are what the backbone gives of the items, in their order, where it is known: then
    only the head computes.
    Raises ``EvaluationError`` if there are no items or if a label is none of the classes.
    """
    labels = _labels(items, classifier.info.classes)
    chosen = np.arange(len(items)) if rows is None else np.asarray(rows)
    if features is None:
        logits = partial(_live_logits, classifier, pixels, chosen)
    else:
        logits = partial(_head_logits, classifier, features)
    found = yield from _answers(classifier, logits, labels)
    return measure(items, found, classifier.info.classes)


def measure(items: Sequence[Item], found: Answers, classes: tuple[str, ...]) -> Evaluation:
    """The evaluation of what a classifier said of these items."""
    labels, predicted, groups = found.labels, found.predicted, group_indices(items)
    return Evaluation(
        images=len(items),
        classes=classes,
        figures={
            **headline_figures(found, groups),
            **hierarchical_figures(labels, predicted, classes, groups),
        },
        per_class=class_figures(labels, predicted, classes),
        confusion=confusion_entries(labels, predicted),
        predictions=tuple(_predictions(items, found, classes)),
    )


def _labels(items: Sequence[Item], classes: tuple[str, ...]) -> NDArray[np.int64]:
    if not items:
        raise EvaluationError("There are no images to evaluate.")
    unknown = sorted({item.label for item in items} - set(classes))
    if unknown:
        msg = (
            f"The images have classes that the classifier was not taught: {', '.join(unknown)}. "
            f"It knows {', '.join(classes)}."
        )
        raise EvaluationError(msg)
    index = {name: number for number, name in enumerate(classes)}
    return np.array([index[item.label] for item in items], dtype=np.int64)


def _answers(
    classifier: Classifier, logits: Callable[[Tensor], Tensor], labels: NDArray[np.int64]
) -> Generator[Progress, None, Answers]:
    """What it says of all places, from the ``logits`` that it gives for some of them."""
    found = []
    with evaluating(classifier):
        for places in torch.arange(len(labels)).split(BATCH):
            yield Progress(what="Evaluating", done=int(places[0]), total=len(labels))
            found.append(answers(labels[places.numpy()], _probabilities(logits, places)))
    yield Progress(what="Evaluating", done=len(labels), total=len(labels))
    return joined(found)


def _live_logits(
    classifier: Classifier, pixels: NDArray[np.uint8], rows: NDArray[np.int64], places: Tensor
) -> Tensor:
    # A permuted (n, h, w, c) array is channels_last already.
    batch = torch.from_numpy(pixels[rows[places.numpy()]])
    return classifier.logits(batch.to(classifier.mean.device).permute(0, 3, 1, 2))


def _head_logits(classifier: Classifier, features: Samples, places: Tensor) -> Tensor:
    logits: Tensor = classifier.head(features.batch(places).to(classifier.mean.device))
    return logits


# The mode ends with each batch: held over a yield, it would reach into the caller's code.
@torch.inference_mode()
def _probabilities(logits: Callable[[Tensor], Tensor], places: Tensor) -> NDArray[np.float32]:
    probabilities: NDArray[np.float32] = logits(places).softmax(1).cpu().numpy()
    if not np.isfinite(probabilities).all():
        msg = "The classifier gives values that are not numbers: its weights are damaged."
        raise EvaluationError(msg)
    return probabilities


def _predictions(
    items: Sequence[Item], found: Answers, classes: tuple[str, ...]
) -> Iterator[Prediction]:
    kept = zip(found.classes.tolist(), found.probabilities.tolist(), strict=True)
    for item, (likely, probabilities) in zip(items, kept, strict=True):
        names = [classes[number] for number in likely]
        yield Prediction(
            path=item.path,
            label=item.label,
            predicted=names[0],
            probabilities=dict(zip(names, probabilities, strict=True)),
        )
