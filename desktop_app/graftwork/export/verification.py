"""Proves that an exported model answers as the classifier does, or refuses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from graftwork.plugin_api import GraftworkError

from .onnx_classifier import OnnxClassifier

TOLERANCE = 1e-4
"""The most that a probability of the exported model may differ from the classifier's."""

TIE = 1e-6
"""The two highest probabilities of the classifier are equal, up to rounding, if so near."""

_LARGEST_BATCH = 8
_LARGEST_SIDE = 1024


class ExportRefusedError(GraftworkError):
    """The classifier is not exported; the message says why."""


def verify(model: OnnxClassifier, reference: nn.Module, inputs: Sequence[NDArray[Any]]) -> float:
    """The largest difference of a probability between the model and the reference.

    Each input, a batch of one, is tried by itself, and then several of them as one batch, cropped
    to their common size. Raises ``ExportRefusedError`` if a probability differs by more than
    ``TOLERANCE`` or another class wins; only classes that the reference itself gives equal
    probabilities, within ``TIE``, may change places.
    """
    differences = [
        _compare(model, reference, one, f"alone, sample {number}")
        for number, one in enumerate(inputs, start=1)
    ]
    together = _compare(model, reference, _one_batch(inputs), "in a batch, sample")
    return max(*differences, together)


def _one_batch(inputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Some inputs cropped to what all have; a single one is taken twice."""
    chosen = inputs[:_LARGEST_BATCH] if len(inputs) > 1 else [inputs[0], inputs[0]]
    common = np.min([one.shape for one in chosen], axis=0).clip(max=_LARGEST_SIDE)
    return np.concatenate([one[tuple(slice(side) for side in common)] for one in chosen])


def _compare(model: OnnxClassifier, reference: nn.Module, batch: NDArray[Any], what: str) -> float:
    found = model.probabilities(batch)
    with torch.inference_mode():
        expected = reference(torch.from_numpy(batch)).numpy()
    names = [what] if len(batch) == 1 else [f"{what} {row + 1}" for row in range(len(batch))]
    for name, wanted, given in zip(names, expected, found, strict=True):
        _refuse_if_different(name, wanted, given, model.info.classes)
    return float(np.abs(found - expected).max())


def _refuse_if_different(
    name: str, wanted: NDArray[Any], given: NDArray[Any], classes: Sequence[str]
) -> None:
    difference = np.abs(given - wanted)
    before, after = int(wanted.argmax()), int(given.argmax())
    if wanted[before] - wanted[after] > TIE:
        msg = (
            f"The exported model disagrees with the classifier ({name}): it says "
            f"{_named(after, given, classes)}, the classifier {_named(before, wanted, classes)}. "
            "The file was not written."
        )
        raise ExportRefusedError(msg)
    # Written so that a difference that is not a number is refused too.
    if not (difference <= TOLERANCE).all():
        worst = int(difference.argmax())
        msg = (
            f"The exported model differs from the classifier ({name}): for "
            f"{_named(worst, given, classes)} in place of {wanted[worst]:.6f}, "
            f"{difference[worst]:.2g} apart where {TOLERANCE:g} is allowed. "
            "The file was not written."
        )
        raise ExportRefusedError(msg)


def _named(index: int, probabilities: NDArray[Any], classes: Sequence[str]) -> str:
    return f"{classes[index]} ({probabilities[index]:.6f})"
