"""Refuses a job that its network cannot follow: only one that is built knows its stages."""

from __future__ import annotations

from pydantic import BaseModel
from torch import nn

from graftwork.plugin_api import HEAD, Backbone, BackboneOutline, GraftworkError, Strategy

from .backbone_check import built_stages, told
from .errors import TrainingError
from .input_size import adapt_input_size
from .learning.phase_problems import unknown_stage
from .setup import backbone_outline
from .stage_schedules import parse_stage_schedules
from .training_settings import TrainingSettings


def check_network(
    backbone: Backbone, strategy: Strategy, settings: BaseModel, training: TrainingSettings
) -> None:
    """Build the network without its weights, which are of no account here, and ask it.

    Raises ``GraftworkError`` for a size that it does not take and for stages that it lacks.
    """
    stages = built_stages(backbone, None)
    adapt_input_size(stages, backbone, training.size or backbone.preprocessing.size)
    _check_schedules(stages, training.stage_schedules)
    if strategy.check:
        _ask(strategy, settings, backbone_outline(stages, backbone.features))


def _check_schedules(stages: nn.Sequential, schedules: str) -> None:
    names = [*dict(stages.named_children()), HEAD]
    for name in parse_stage_schedules(schedules):
        if name not in names:
            raise TrainingError(f"stage_schedules: {unknown_stage(name, names)}.")


def _ask(strategy: Strategy, settings: BaseModel, outline: BackboneOutline) -> None:
    """Let the strategy look at its settings; its own failure is told as one."""
    assert strategy.check
    try:
        strategy.check(settings, outline)
    except GraftworkError:
        raise
    except (Exception, SystemExit) as error:
        msg = (
            f"The strategy {strategy.name} could not check its settings ({told(error)}). Choose "
            "another strategy, or tell the author of the plugin."
        )
        raise TrainingError(msg) from error
