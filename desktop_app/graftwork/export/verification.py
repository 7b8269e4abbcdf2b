"""Proves that an exported model answers as the classifier does, or refuses it.

Resizing rounds to whole levels of 255. Two programs add in different orders, so a value that lies
nearly between two levels may become the one here and the other there, and a deep network answers
to that by more than its own arithmetic is off by. A bound that allows for it would hide real
mistakes. So the two steps are compared one by one, each as closely as it can be: resized pixels in
levels, and then the network's answers to the very same pixels. Over both steps together, the
answers may differ by what a level here and there can do, and no class may win otherwise than in
such a tie.

There are networks whose own arithmetic is off by more than the usual bound. Where that bound is
exceeded, the classifier is computed in double precision too: the model may then differ from it by
some times what the classifier in single precision does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.plugin_api import GraftworkError

from .onnx_classifier import OnnxClassifier
from .preparation import OnnxPreparation

CHANGED = 0.01
"""The part of an image's values that may be one level of 255 off; none may be off by more."""

TOLERANCE = 1e-4
"""The most that a probability may differ from the classifier's for the same pixels."""

TIE = 1e-6
"""The two highest probabilities of the classifier are equal, up to rounding, if so near."""

ROUNDING = 4
"""How many times the classifier's own error the model may differ, where that is the greater."""

SENSITIVITY = 0.05
"""The most that a probability may differ where pixels are a level off, and what is a tie then."""

_LARGEST_BATCH = 8
_LARGEST_SIDE = 1024


class ExportRefusedError(GraftworkError):
    """The classifier is not exported; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The classifier in two steps.

    ``prepare`` gives pixels (N, channels, size, size) of images (N, H, W, channels); ``answer``
    gives probabilities (N, classes) of pixels, or of prepared tensors, and ``exact`` the same in
    double precision.
    """

    prepare: Callable[[Tensor], Tensor]
    answer: Callable[[Tensor], Tensor]
    exact: Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class _Bounds:
    tolerance: float
    tie: float


_USUAL = _Bounds(tolerance=TOLERANCE, tie=TIE)
_FROM_OTHER_PIXELS = _Bounds(tolerance=SENSITIVITY, tie=SENSITIVITY)


def verify(
    model: OnnxClassifier,
    preparation: OnnxPreparation | None,
    reference: Reference,
    inputs: Sequence[NDArray[Any]],
) -> float:
    """The largest difference of a probability between the model and the reference, end to end.

    ``preparation`` is the model's first step; None for a plain model, which begins after it.

    Each input, a batch of one, is tried by itself, and then several of them as one batch, cropped
    to their common size. Raises ``ExportRefusedError`` if resized pixels differ by more than a
    level in ``CHANGED`` of the values; if, for the same pixels, a probability differs by more than
    ``TOLERANCE`` (or ``ROUNDING`` times the classifier's own error) or another class wins; or if,
    where pixels differ, a probability does by more than ``SENSITIVITY`` or another class wins.
    Only classes that the reference itself gives equal probabilities, within ``TIE`` or the other
    bounds, may change places.
    """
    try:
        return _differ(model, preparation, reference, inputs, _USUAL)
    except ExportRefusedError:
        rounding = min(ROUNDING * _own_error(preparation, reference, inputs), SENSITIVITY)
        if not rounding > TOLERANCE:
            raise
    bounds = _Bounds(tolerance=rounding, tie=rounding)
    return _differ(model, preparation, reference, inputs, bounds)


@torch.inference_mode()
def _own_error(
    preparation: OnnxPreparation | None, reference: Reference, inputs: Sequence[NDArray[Any]]
) -> float:
    """How far the classifier's answers are off those in double precision, at most."""
    errors = []
    for one in inputs:
        seen = torch.from_numpy(one if preparation is None else preparation.pixels(one))
        errors.append(float((reference.answer(seen) - reference.exact(seen)).abs().max()))
    return max(errors)


def _differ(
    model: OnnxClassifier,
    preparation: OnnxPreparation | None,
    reference: Reference,
    inputs: Sequence[NDArray[Any]],
    bounds: _Bounds,
) -> float:
    compare = partial(_compare, model, preparation, reference, bounds)
    alone = [compare(one, f"alone, sample {number}") for number, one in enumerate(inputs, start=1)]
    return max(*alone, compare(_one_batch(inputs), "in a batch, sample"))


def _one_batch(inputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Some inputs cropped to what all have; a single one is taken twice."""
    chosen = inputs[:_LARGEST_BATCH] if len(inputs) > 1 else [inputs[0], inputs[0]]
    common = np.min([one.shape for one in chosen], axis=0).clip(max=_LARGEST_SIDE)
    return np.concatenate([one[tuple(slice(side) for side in common)] for one in chosen])


@torch.inference_mode()
def _compare(
    model: OnnxClassifier,
    preparation: OnnxPreparation | None,
    reference: Reference,
    bounds: _Bounds,
    batch: NDArray[Any],
    what: str,
) -> float:
    names = [what] if len(batch) == 1 else [f"{what} {row + 1}" for row in range(len(batch))]
    found, classes = model.probabilities(batch), model.info.classes
    seen = own = torch.from_numpy(batch)
    if preparation is not None:
        seen, own = torch.from_numpy(preparation.pixels(batch)), reference.prepare(own)
        _check_pixels(names, own.numpy(), seen.numpy())
    _check_answers(names, reference.answer(seen).numpy(), found, classes, bounds)
    expected: NDArray[Any] = reference.answer(own).numpy()
    _check_answers(names, expected, found, classes, _FROM_OTHER_PIXELS)
    return float(np.abs(found - expected).max())


def _check_pixels(names: Sequence[str], wanted: NDArray[Any], given: NDArray[Any]) -> None:
    if wanted.shape != given.shape:
        msg = (
            f"The exported model resizes images to {given.shape[1:]}, the classifier to "
            f"{wanted.shape[1:]} (channels, height, width). The file was not written."
        )
        raise ExportRefusedError(msg)
    for name, difference in zip(names, np.abs(given - wanted), strict=True):
        changed, most = float((difference != 0).mean()), float(difference.max())
        # Written so that a difference that is not a number is refused too.
        if not (most <= 1 and changed <= CHANGED):
            msg = (
                f"The exported model resizes images otherwise than the classifier ({name}): "
                f"{changed:.1%} of the values differ, by up to {most:g} of 255 levels, where "
                f"{CHANGED:.0%} may differ by one. The file was not written."
            )
            raise ExportRefusedError(msg)


def _check_answers(
    names: Sequence[str],
    wanted: NDArray[Any],
    given: NDArray[Any],
    classes: Sequence[str],
    bounds: _Bounds,
) -> None:
    for name, one_wanted, one_given in zip(names, wanted, given, strict=True):
        _check_winner(name, one_wanted, one_given, classes, bounds.tie)
        _check_probabilities(name, one_wanted, one_given, classes, bounds.tolerance)


def _check_winner(
    name: str, wanted: NDArray[Any], given: NDArray[Any], classes: Sequence[str], tie: float
) -> None:
    before, after = int(wanted.argmax()), int(given.argmax())
    if wanted[before] - wanted[after] > tie:
        msg = (
            f"The exported model disagrees with the classifier ({name}): it says "
            f"{_named(after, given, classes)}, the classifier {_named(before, wanted, classes)}. "
            "The file was not written."
        )
        raise ExportRefusedError(msg)


def _check_probabilities(
    name: str, wanted: NDArray[Any], given: NDArray[Any], classes: Sequence[str], tolerance: float
) -> None:
    difference = np.abs(given - wanted)
    # Written so that a difference that is not a number is refused too.
    if not (difference <= tolerance).all():
        worst = int(difference.argmax())
        msg = (
            f"The exported model differs from the classifier ({name}): for "
            f"{_named(worst, given, classes)} in place of {wanted[worst]:.6f}, "
            f"{difference[worst]:.2g} apart where {tolerance:.2g} is allowed. "
            "The file was not written."
        )
        raise ExportRefusedError(msg)


def _named(index: int, probabilities: NDArray[Any], classes: Sequence[str]) -> str:
    return f"{classes[index]} ({probabilities[index]:.6f})"
