"""Learning-rate schedules: the part of the peak rate at each step, a pure function of the step."""

from __future__ import annotations

import math

from graftwork.plugin_api import Phase, Schedule

_ONE_CYCLE_RISE = 0.3
_ONE_CYCLE_START = 1 / 25


def rate_factor(step: int, total: int, schedule: Schedule, warmup: float) -> float:
    """The part of the peak rate, 0 to 1, at ``step`` (from 0) of ``total``.

    ``warmup`` is the part of all steps over which the rate rises linearly. One-cycle rises for
    at least 0.3 of them from 1/25 of the peak (Smith and Topin, "Super-Convergence", 2018).
    """
    rise = max(warmup, _ONE_CYCLE_RISE) if schedule == "one-cycle" else warmup
    rising = round(rise * total)
    if step < rising:
        start = _ONE_CYCLE_START if schedule == "one-cycle" else 0.0
        return start + (1 - start) * (step + 1) / rising
    if schedule == "constant":
        return 1.0
    return _cosine((step - rising) / max(1, total - rising))


def phase_rates(phase: Phase, step: int, total: int) -> dict[str, float]:
    """The learning rate of each learning stage at ``step`` of the phase's ``total``."""
    factor = rate_factor(step, total, phase.schedule, phase.warmup)
    return {stage: peak * factor for stage, peak in phase.rates.items()}


def _cosine(done: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
