"""Picks stages of a backbone."""

from __future__ import annotations

from graftwork.plugin_api import ModelOutline


def learnable_stages(model: ModelOutline) -> tuple[str, ...]:
    """The names of the stages that have parameters, bottom first."""
    return tuple(stage.name for stage in model.stages if stage.parameters)
