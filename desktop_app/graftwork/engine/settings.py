"""Checks what a strategy is told against the settings model that it names."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from graftwork.plugin_api import Strategy
from graftwork.wrong_values import wrong_values_text

from .errors import TrainingError


def strategy_settings(strategy: Strategy, given: dict[str, Any]) -> BaseModel:
    """The strategy's settings model with these values; raises ``TrainingError``."""
    try:
        return strategy.settings.model_validate(given)
    except ValidationError as error:
        known = ", ".join(strategy.settings.model_fields)
        wrong = wrong_values_text(error)
        msg = f"The settings of {strategy.name} are not right: {wrong}. It knows: {known}."
        raise TrainingError(msg) from error
