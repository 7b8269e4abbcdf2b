"""Checks what a strategy is told against the settings model that it names."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from graftwork.plugin_api import Strategy

from .errors import TrainingError


def strategy_settings(strategy: Strategy, given: dict[str, Any]) -> BaseModel:
    """The strategy's settings model with these values; raises ``TrainingError``."""
    try:
        return strategy.settings.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{_place(e['loc'])}: {e['msg']}" for e in error.errors())
        known = ", ".join(strategy.settings.model_fields)
        msg = f"The settings of {strategy.name} are not right: {wrong}. It knows: {known}."
        raise TrainingError(msg) from error


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "settings"
