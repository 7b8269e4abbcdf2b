"""L-BFGS: minimizes a smooth function of many variables (Nocedal, 1980), in double precision.

What earlier steps tell of the curvature is used as in Byrd, Nocedal and Schnabel, "Representations
of quasi-Newton matrices and their use in limited memory methods" (1994): in products with all
steps at once. torch.optim.LBFGS and SciPy's go through them one by one, and forget them when the
function changes a little.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Objective = Callable[[Tensor], tuple[float, Tensor]]
"""A point (n) to the value there and its gradient (n), double."""

_MOST_TRIALS = 20
_MOST_RISE = 0.8  # how steep it may rise where a step ends, in parts of how steep it fell
_ROUNDING = 1e-6  # of a value that is a mean in single precision


class Minimizer:
    """A point (n), double, that goes down step by step, and the ``gradient`` there.

    ``memory`` steps are remembered at most, in single precision: 8 bytes a variable each.
    """

    def __init__(self, point: Tensor, memory: int) -> None:
        self.point = point
        self.gradient = torch.full_like(point, torch.nan)
        self._value = torch.nan
        self._objective: Objective = _nothing
        self._history = _History(point, memory)

    def begin(self, objective: Objective) -> None:
        """From now on go down on this function, which curves (nearly) as the one before."""
        self._objective = objective
        self._value, self.gradient = objective(self.point)

    def bend(self, curvature: Tensor) -> None:
        """What was learned now holds for a function with ``curvature`` (n) / 2 * point^2 more."""
        self._history.bend(curvature)

    @property
    def slope(self) -> float:
        """The largest part of the gradient."""
        return float(self.gradient.abs().max())

    def step(self) -> bool:
        """Go one step; false if there is none that leads down, or it is lost in rounding."""
        direction = self._history.direction(self.gradient)
        if float(direction @ self.gradient) >= 0:  # rounding: what is remembered is worth nothing
            self._history.clear()
            direction = self._history.direction(self.gradient)
        return self._search(direction, float(direction @ self.gradient))

    def _search(self, direction: Tensor, slope: float) -> bool:
        """Look along the direction for a point to go to, by the zero of a line through two slopes.

        Slopes decide, as in Hager and Zhang's approximate Wolfe condition (2005): they still tell
        up from down where values no longer differ.
        """
        length, highest = 1.0, self._value + _ROUNDING * abs(self._value)
        for _ in range(_MOST_TRIALS):
            point = self.point + length * direction
            value, gradient = self._objective(point)
            end = float(gradient @ direction)
            if end <= -_MOST_RISE * slope and value <= highest:
                self._go(point, value, gradient)
                return True
            length *= min(0.9, max(0.1, slope / (slope - end))) if end > slope else 0.1
        return False

    def _go(self, point: Tensor, value: float, gradient: Tensor) -> None:
        self._history.add(point - self.point, gradient - self.gradient)
        self.point, self._value, self.gradient = point, value, gradient


class _History:
    """The last steps and how the gradient changed along each: S and Y of the paper, by rows."""

    def __init__(self, point: Tensor, most: int) -> None:
        self._most, self._count = most, 0
        self._steps = point.new_empty(most, len(point), dtype=torch.float32)
        self._changes = torch.empty_like(self._steps)
        self._across = point.new_zeros(most, most)  # steps by changes, on and above the diagonal
        self._squares = point.new_zeros(most, most)  # changes by changes

    def clear(self) -> None:
        self._count = 0

    def add(self, step: Tensor, change: Tensor) -> None:
        """Remember a step; one along which the function does not curve upwards tells nothing."""
        if float(step @ change) <= 1e-12 * float(change @ change):
            return
        if self._count == self._most:
            self._forget()
        last = self._count
        self._count += 1
        self._steps[last], self._changes[last] = step, change
        steps, changes = self._steps[: last + 1], self._changes[: last + 1]
        self._across[: last + 1, last] = (steps @ self._changes[last]).double()
        self._squares[: last + 1, last] = (changes @ self._changes[last]).double()
        self._squares[last, :last] = self._squares[:last, last]

    def bend(self, curvature: Tensor) -> None:
        """Change what was learned as if the function had had this curvature (n) more."""
        kept = slice(self._count)
        steps, changes = self._steps[kept], self._changes[kept]
        changes += curvature.float() * steps
        self._across[kept, kept] = (steps @ changes.T).double().triu()
        self._squares[kept, kept] = (changes @ changes.T).double()
        if not bool((self._across[kept, kept].diagonal() > 0).all()):
            self.clear()

    def direction(self, gradient: Tensor) -> Tensor:
        """Minus the inverse curvature times the gradient (n); equation 3.1 of the paper."""
        if self._count == 0:
            return -gradient / gradient.abs().sum()
        kept = slice(self._count)
        steps, changes = self._steps[kept], self._changes[kept]
        across, squares = self._across[kept, kept], self._squares[kept, kept]
        common = float(across[-1, -1] / squares[-1, -1])
        single = gradient.float()
        by_steps, by_changes = (steps @ single).double(), (changes @ single).double()
        first = _solve(across, by_steps)
        second = across.diagonal() * first + common * (squares @ first - by_changes)
        second = _solve(across, second, transposed=True)
        known = second.float() @ steps - common * first.float() @ changes
        return -(common * gradient + known.double())

    def _forget(self) -> None:
        """Keep the newer half."""
        kept = self._most // 2
        for each in (self._steps, self._changes):
            each[:kept] = each[-kept:].clone()
        for each in (self._across, self._squares):
            each[:kept, :kept] = each[-kept:, -kept:].clone()
        self._count = kept


def _solve(upper: Tensor, right: Tensor, *, transposed: bool = False) -> Tensor:
    matrix = upper.T if transposed else upper
    solved: Tensor = torch.linalg.solve_triangular(matrix, right[:, None], upper=not transposed)
    return solved[:, 0]


def _nothing(_point: Tensor) -> tuple[float, Tensor]:
    msg = "There is nothing to minimize yet: call begin first."
    raise RuntimeError(msg)
