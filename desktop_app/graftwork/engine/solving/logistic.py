"""Multinomial logistic regression, solved to the optimum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor

from graftwork.engine.loss.build import LossFunction

from .lbfgs import Minimizer

TOLERANCE = 1e-5
"""The steepest slope that is left; a thousandth of the strength where that is less."""

_SINGLE_TOLERANCE = 3e-6
"""How far single precision leads: it is twice as fast, and its rounding a tenth of this."""

_MOST_ITERATIONS = 2000
_ITERATIONS_BETWEEN_YIELDS = 20
_NUMBERS_AT_A_TIME = 2**22
_NUMBERS_REMEMBERED = 2**25
"""Of earlier steps: a hundred of them need half the iterations that ten need."""
_PRODUCTS_BETWEEN_YIELDS = 4e9


@dataclass(frozen=True, kw_only=True)
class Solution:
    """Weights (classes, features) and biases (classes) for the features as they are, float32.

    ``slope`` is the largest part of the gradient; ``converged`` says whether it is small enough.
    """

    weight: Tensor
    bias: Tensor
    iterations: int
    slope: float
    converged: bool


class LogisticRegression:
    """Minimizes mean loss + strength / 2 * sum of squared weights; biases are free.

    Features (n, d), float32, are centered, and each is divided by the root of its standard
    deviation. That lies between leaving them as they are, where a few strong ones rule, and
    standardizing them, where noise counts as much as anything; validation loss was lower than
    with either on three sets of images. Most steps are computed in single precision, the last
    ones in double. Many features are centered in chunks of rows each time, few once.

    ``start`` are the weights and biases of a solution for other images, to begin from.
    """

    def __init__(
        self,
        features: Tensor,
        labels: Tensor,
        classes: int,
        loss: LossFunction,
        start: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        self._features, self._labels, self._loss = features, labels, loss
        self._classes, self._width = classes, features.shape[1]
        self._center, self._scale = _center_and_scale(features)
        self._penalized = self._center.new_ones(classes * (self._width + 1))  # 0 for biases
        self._penalized[classes * self._width :] = 0
        memory = steps_remembered(len(self._penalized))
        self._minimizer = Minimizer(self._first(start), memory)
        self._strength = 0.0
        self._iterations = 0

    def solve(self, strength: float) -> Iterator[int]:
        """Go on from the solution before; yields how many iterations are done, now and then."""
        self._minimizer.bend((strength - self._strength) * self._penalized)
        self._strength, self._iterations = strength, 0
        tolerance = _tolerance(strength)
        yield from self._descend(torch.float32, max(tolerance, _SINGLE_TOLERANCE))
        yield from self._descend(torch.float64, tolerance)

    def solution(self) -> Solution:
        """What ``solve`` came to."""
        weight, bias = self._split(self._minimizer.point)
        weight = weight / self._scale
        slope = self._minimizer.slope
        return Solution(
            weight=weight.float(),
            bias=(bias - weight @ self._center).float(),
            iterations=self._iterations,
            slope=slope,
            converged=slope <= _tolerance(self._strength),
        )

    def _descend(self, precision: torch.dtype, tolerance: float) -> Iterator[int]:
        yield self._iterations
        self._minimizer.begin(partial(self._objective, precision))
        while self._minimizer.slope > tolerance and self._iterations < _MOST_ITERATIONS:
            if not self._minimizer.step():
                break
            self._iterations += 1
            if self._iterations % self._between_yields == 0:
                yield self._iterations

    def _objective(self, precision: torch.dtype, point: Tensor) -> tuple[float, Tensor]:
        """What is minimized at this point, and its gradient."""
        weight, bias = (each.to(precision).requires_grad_() for each in self._split(point))
        total, images = point.new_zeros(()), len(self._labels)
        for start in range(0, images, self._chunk):
            rows = slice(start, start + self._chunk)
            labels = self._labels[rows]
            logits = torch.addmm(bias, self._rows(rows, precision), weight.T)
            part = self._loss(logits, labels) * (len(labels) / images)
            part.backward()
            total += part.detach()
        pull = self._strength * self._penalized * point
        slopes = torch.cat(
            [each.grad.flatten() for each in (weight, bias) if each.grad is not None]
        )
        return float(total + pull @ point / 2), slopes.double() + pull

    def _rows(self, rows: slice, precision: torch.dtype) -> Tensor:
        if self._features.numel() > _NUMBERS_REMEMBERED:
            return self._centered(self._features[rows], precision)
        return (self._double if precision == torch.float64 else self._single)[rows]

    @cached_property
    def _single(self) -> Tensor:
        return self._centered(self._features, torch.float32)

    @cached_property
    def _double(self) -> Tensor:
        return self._centered(self._features, torch.float64)

    def _centered(self, features: Tensor, precision: torch.dtype) -> Tensor:
        center, scale = self._center.to(precision), self._scale.to(precision)
        return features.to(precision).sub(center).div_(scale)

    def _split(self, point: Tensor) -> tuple[Tensor, Tensor]:
        """The weights (classes, features) and biases (classes) that a point is made of."""
        weights = self._classes * self._width
        return point[:weights].view(self._classes, self._width), point[weights:]

    def _first(self, start: tuple[Tensor, Tensor] | None) -> Tensor:
        if start is None:
            return torch.zeros_like(self._penalized)
        weight, bias = (each.to(self._center.device).double() for each in start)
        return torch.cat([(weight * self._scale).flatten(), bias + weight @ self._center])

    @property
    def _chunk(self) -> int:
        return max(1, _NUMBERS_AT_A_TIME // (self._width + self._classes))

    @property
    def _between_yields(self) -> int:
        products = self._features.numel() * max(8, self._classes)
        return int(min(_ITERATIONS_BETWEEN_YIELDS, max(4, _PRODUCTS_BETWEEN_YIELDS // products)))


def steps_remembered(numbers: int) -> int:
    """How many earlier steps lead the next one, where each has so many numbers."""
    return max(4, min(100, _NUMBERS_REMEMBERED // (2 * numbers)))


def _tolerance(strength: float) -> float:
    return min(TOLERANCE, strength / 1000)


def _center_and_scale(features: Tensor) -> tuple[Tensor, Tensor]:
    """Means, and roots of deviations times the common deviation, so that units cancel; double."""
    deviation, center = torch.std_mean(features, 0, correction=0)
    common = float(deviation.double().square().mean().sqrt()) or 1.0
    deviation = deviation.double().where(deviation > 1e-6 * common, common)
    return center.double(), (deviation * common).sqrt()
