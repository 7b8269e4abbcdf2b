"""What a rate finder suggests, in the words of the strategy's own settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from .curve import RateCurve

Rates = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class RateSuggestion:
    """The curve of a phase, its peak rates by stage, and the settings that would change them.

    ``settings`` are those of the strategy with the values that give the suggestion; they are
    empty where there is none, or where no settings say it. ``next_phase`` is the number of the
    next phase that has rates, if there will be one.
    """

    phase: str
    rates: Rates
    curve: RateCurve
    settings: Mapping[str, float]
    next_phase: int | None = None

    @property
    def highest(self) -> float:
        """The rate of the stage that learns fastest; the rates on the curve are those of it."""
        return max(self.rates.values())

    @property
    def summary(self) -> str:
        """What is suggested and why, in a sentence for a person."""
        curve = self.curve
        if curve.suggested is None:
            return "The loss fell at no rate: there is nothing to suggest."
        at = "where the loss falls fastest"
        tenth = "a tenth of the rate with the lowest loss"
        why = at if curve.suggested == curve.steepest else tenth
        return f"Suggested: {curve.suggested:.1e}, {why} (now {self.highest:.1e})."

    @property
    def advice(self) -> str:
        """Which stages it is about, and what to set, in sentences for a person."""
        told = f"Phase {self.phase!r}; what learns: {', '.join(self.rates)}."
        if len(set(self.rates.values())) > 1:
            told += " The rate is the highest of theirs, which keep their proportions."
        if self.curve.suggested is None:
            return told
        if not self.settings:
            factor = self.curve.suggested / self.highest
            return f"{told} No setting says it: rates should be {factor:.2g} times what they are."
        sets = ", ".join(f"{name} = {value:g}" for name, value in self.settings.items())
        return f"{told} To use it, set {sets}."

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON knows it."""
        curve = self.curve
        return {
            "phase": self.phase,
            "rates": dict(self.rates),
            "suggested": curve.suggested,
            "steepest": curve.steepest,
            "lowest": curve.lowest,
            "settings": dict(self.settings),
            "next_phase": self.next_phase,
            "points": [[point.rate, point.loss] for point in curve.points],
            "smooth": list(curve.smooth),
        }


def settings_for(
    factor: float,
    settings: BaseModel,
    rates_of: Callable[[BaseModel], Rates],
    is_free: Callable[[BaseModel], bool],
) -> dict[str, float]:
    """The settings, two digits each, with which ``rates_of`` gives ``factor`` times its rates.

    A single one if one does it, else all that rates are proportional to; none if that is not it.
    With settings that are not free, something else changes that should stay: those are left alone.
    """
    now = rates_of(settings)
    numbers = {
        name: value
        for name, value in settings
        if isinstance(value, float) and is_free(_with(settings, {name: value / 2}))
    }
    halved = {name: rates_of(_with(settings, {name: numbers[name] / 2})) for name in numbers}
    moving = [name for name, rates in halved.items() if _are_halved(now, rates)]
    for names in (*([name] for name in moving), moving):
        changed = {name: float(f"{numbers[name] * factor:.1e}") for name in names}
        if _are_right(settings, changed) and _are_near(
            rates_of(_with(settings, changed)), {stage: now[stage] * factor for stage in now}
        ):
            return changed
    return {}


def _with(settings: BaseModel, changed: Mapping[str, float]) -> BaseModel:
    return settings.model_copy(update=changed)


def _are_halved(before: Rates, after: Rates) -> bool:
    """Whether the rates that moved, if any did, are half of what they were."""
    moved = [stage for stage in before if after.get(stage) != before[stage]]
    return bool(moved) and all(
        np.isclose(after.get(stage, 0), before[stage] / 2, atol=0) for stage in moved
    )


def _are_near(found: Rates, wanted: Rates) -> bool:
    """Up to what two digits leave out."""
    return found.keys() == wanted.keys() and all(
        np.isclose(found[stage], wanted[stage], rtol=0.06, atol=0) for stage in wanted
    )


def _are_right(settings: BaseModel, changed: Mapping[str, float]) -> bool:
    try:
        type(settings).model_validate({**settings.model_dump(), **changed})
    except ValidationError:
        return False
    return bool(changed)
