"""Learning-rate schedules: the part of the peak rate at each step, a pure function.

Nothing is kept between steps, so a run that goes on in another process goes on at the same rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from graftwork.plugin_api import Phase, Schedule

_ONE_CYCLE_RISE = 0.3
_ONE_CYCLE_START = 1 / 25
_CYCLES = 3
_PLATEAU_PATIENCE = 2
_PLATEAU_FACTOR = 0.3


def phase_rates(
    phase: Phase, step: int, total: int, scores: Sequence[float] = ()
) -> dict[str, float]:
    """The learning rate of each learning stage at ``step`` (from 0) of the phase's ``total``.

    ``scores`` are the validation scores of the phase's ended epochs, greater is better.
    """
    return {
        stage: peak * rate_factor(step, total, _schedule(phase, stage), phase.warmup, scores)
        for stage, peak in phase.rates.items()
    }


def rate_factor(
    step: int, total: int, schedule: Schedule, warmup: float, scores: Sequence[float] = ()
) -> float:
    """The part of the peak rate, 0 to 1, at ``step`` (from 0) of ``total``.

    ``warmup`` is the part of all steps over which the rate rises linearly; then it follows the
    ``schedule``. One-cycle rises for at least 0.3 of them, from 1/25 of the peak (Smith and
    Topin, "Super-Convergence", 2018).
    """
    rise = max(warmup, _ONE_CYCLE_RISE) if schedule == "one-cycle" else warmup
    rising = round(rise * total)
    drops = _plateau(scores) if schedule == "plateau" else 1.0
    if step < rising:
        start = _ONE_CYCLE_START if schedule == "one-cycle" else 0.0
        return drops * (start + (1 - start) * (step + 1) / rising)
    if schedule in {"constant", "plateau"}:
        return drops
    done, span = min(step, total) - rising, max(1, total - rising)
    return _warm_restarts(done, span) if schedule == "warm-restarts" else _cosine(done / span)


def _schedule(phase: Phase, stage: str) -> Schedule:
    return phase.schedules.get(stage, phase.schedule)


def _cosine(done: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _warm_restarts(done: int, span: int) -> float:
    """Three half cosines from the peak to zero, over 1, 2 and 4 sevenths of the steps.

    Loshchilov and Hutter, "SGDR" (2017), with cycles that double. In whole numbers, so that no
    rounding puts a step on the wrong side of a restart.
    """
    sevenths = done * (2**_CYCLES - 1)
    cycle = min(_CYCLES, (sevenths // span + 1).bit_length()) - 1
    begun, length = (2**cycle - 1) * span, 2**cycle * span
    return _cosine((sevenths - begun) / length)


def _plateau(scores: Sequence[float]) -> float:
    """Down to 0.3 whenever two epochs in a row have not beaten the best one."""
    factor, best, idle = 1.0, -math.inf, 0
    for score in scores:
        best, idle = (score, 0) if score > best else (best, idle + 1)
        if idle == _PLATEAU_PATIENCE:
            factor, idle = factor * _PLATEAU_FACTOR, 0
    return factor
