"""The curve of a rate finder, loss against rate, and the rate that it suggests."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy.ndimage import gaussian_filter1d

STEPS = 100
_LOWEST, _HIGHEST = 1e-6, 10.0
_DIVERGED = 4.0
_FADING = 0.9
_BLUR = 3.0
_FALLS = 0.05


class RatePoint(BaseModel):
    """One step of a rate finder: the loss before it, and the rate with which it was done."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    kind: Literal["rate-point"] = "rate-point"
    rate: float
    loss: float


@dataclass(frozen=True, kw_only=True)
class RateCurve:
    """What was measured, the losses without their noise, and two rates that say something.

    ``steepest`` is the rate at which the loss falls fastest, ``lowest`` that at which it is least;
    both are None where it fell at no rate.
    """

    points: tuple[RatePoint, ...]
    smooth: tuple[float, ...]
    steepest: float | None = None
    lowest: float | None = None

    @property
    def suggested(self) -> float | None:
        """The smaller of the steepest descent's rate and a tenth of the lowest loss's.

        At the lowest loss the rate is too high already: it takes some steps until that shows. A
        tenth of it is usual, but still high where a few images are learned by heart; the steepest
        descent can lie just before the end.
        """
        if self.steepest is None or self.lowest is None:
            return None
        return min(self.steepest, self.lowest / 10)


def measure_curve(step: Callable[[float], float]) -> Generator[RatePoint, None, list[RatePoint]]:
    """Do steps at rates from 1e-6 to 10, each as many times the one before; ``step`` gives losses.

    At most ``STEPS``; it ends when the fading mean of the losses is 4 times its lowest, or no
    number (Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3).
    """
    points: list[RatePoint] = []
    fading, best = 0.0, math.inf
    for number, rate in enumerate(np.geomspace(_LOWEST, _HIGHEST, STEPS).tolist(), 1):
        loss = step(rate)
        if not math.isfinite(loss):
            break
        points.append(RatePoint(rate=rate, loss=loss))
        yield points[-1]
        fading = _FADING * fading + (1 - _FADING) * loss
        mean = fading / (1 - _FADING**number)
        best = min(best, mean)
        if mean > _DIVERGED * best:
            break
    return points


def read_curve(points: Sequence[RatePoint]) -> RateCurve:
    """What the points say, once a Gaussian of 3 steps has smoothed their losses."""
    rates = np.array([point.rate for point in points])
    smooth = _smooth(np.array([point.loss for point in points]))
    curve = RateCurve(points=tuple(points), smooth=tuple(smooth.tolist()))
    lowest = int(smooth.argmin()) if len(smooth) else 0
    if lowest == 0 or smooth[lowest] > (1 - _FALLS) * smooth[0]:
        return curve
    slope = np.gradient(smooth, np.log(rates))[: lowest + 1]
    return replace(curve, steepest=float(rates[slope.argmin()]), lowest=float(rates[lowest]))


def _smooth(losses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    blurred: npt.NDArray[np.float64] = gaussian_filter1d(losses, _BLUR, mode="nearest")
    return blurred
