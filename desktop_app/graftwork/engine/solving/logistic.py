"""Multinomial logistic regression, solved by L-BFGS in double precision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import LBFGS

from graftwork.engine.loss.build import LossFunction

TOLERANCE = 1e-5
"""The steepest slope that is left; a thousandth of the strength where that is less."""

_MOST_ITERATIONS = 2000
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
    with either on three sets of images. Many features become double in chunks of rows, few once.
    """

    def __init__(self, features: Tensor, labels: Tensor, classes: int, loss: LossFunction) -> None:
        small = features.numel() <= _NUMBERS_REMEMBERED
        self._features = features.double() if small else features
        self._labels, self._loss = labels, loss
        self._center, self._scale = _center_and_scale(features)
        self._weight = self._center.new_zeros(classes, features.shape[1], requires_grad=True)
        self._bias = self._center.new_zeros(classes, requires_grad=True)
        self._iterations = 0
        self._chunk = max(1, _NUMBERS_AT_A_TIME // (features.shape[1] + classes))

    def solve(self, strength: float) -> Iterator[int]:
        """Go on from the solution before; yields how many iterations are done, now and then."""
        optimizer = self._optimizer(_tolerance(strength))
        batch = optimizer.param_groups[0]["max_iter"]
        before, self._iterations = -batch, 0
        while self._iterations - before == batch and self._iterations < _MOST_ITERATIONS:
            optimizer.step(lambda: self._descend(strength))
            before, self._iterations = self._iterations, optimizer.state[self._weight]["n_iter"]
            yield self._iterations

    def solution(self, strength: float) -> Solution:
        """What ``solve`` came to, at this strength."""
        self._descend(strength)
        slopes = [each.grad for each in (self._weight, self._bias) if each.grad is not None]
        slope = max(float(each.abs().max()) for each in slopes)
        weight, bias = self._plain()
        return Solution(
            weight=weight.detach().float(),
            bias=bias.detach().float(),
            iterations=self._iterations,
            slope=slope,
            converged=slope <= _tolerance(strength),
        )

    def _optimizer(self, tolerance: float) -> LBFGS:
        products = self._features.numel() * max(8, len(self._bias))
        iterations = int(min(20, max(4, _PRODUCTS_BETWEEN_YIELDS // products)))
        return LBFGS(
            [self._weight, self._bias],
            max_iter=iterations,
            max_eval=100 * iterations,
            tolerance_grad=tolerance,
            tolerance_change=0.0,
            history_size=max(3, min(100, _NUMBERS_REMEMBERED // (2 * self._weight.numel()))),
            line_search_fn="strong_wolfe",
        )

    def _descend(self, strength: float) -> Tensor:
        """What is minimized; its gradient is left where the optimizer looks for it."""
        self._weight.grad = self._bias.grad = None
        penalty = strength / 2 * self._weight.square().sum()
        penalty.backward()
        total, images = penalty.detach(), len(self._labels)
        for start in range(0, images, self._chunk):
            rows = slice(start, start + self._chunk)
            labels = self._labels[rows]
            part = self._loss(self._logits(rows), labels) * (len(labels) / images)
            part.backward()
            total = total + part.detach()
        return total

    def _logits(self, rows: slice) -> Tensor:
        weight, bias = self._plain()
        return torch.addmm(bias, self._features[rows].double(), weight.T)

    def _plain(self) -> tuple[Tensor, Tensor]:
        """Weights and biases for features that are neither centered nor scaled."""
        weight = self._weight / self._scale
        return weight, self._bias - weight @ self._center


def _tolerance(strength: float) -> float:
    return min(TOLERANCE, strength / 1000)


def _center_and_scale(features: Tensor) -> tuple[Tensor, Tensor]:
    """Means, and roots of deviations times the common deviation, so that units cancel; double."""
    deviation, center = torch.std_mean(features, 0, correction=0)
    common = float(deviation.double().square().mean().sqrt()) or 1.0
    deviation = deviation.double().where(deviation > 1e-6 * common, common)
    return center.double(), (deviation * common).sqrt()
