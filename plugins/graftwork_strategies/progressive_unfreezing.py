"""Progressive unfreezing, stage by stage from the top: for as long as it helps, or by schedule.

Gradual unfreezing is Howard and Ruder's (2018), by schedule; stopping by benefit on the validation
images spares the stages that need no change. Theirs are lower rates for lower layers; here the
stages unfrozen before, which lie above, have lower ones, because they have learned already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy

from .head_phase import head_phase
from .settings import Epochs, Patience, Rate, StrategySettings
from .stages import learnable_stages


class ProgressiveUnfreezingSettings(StrategySettings):
    """How long each step takes, how fast it learns and when to give up."""

    head_epochs: Epochs = Field(default=60, description="Passes in which only the head learns")
    head_rate: Rate = Field(default=0.003, description="Learning rate of the head in that phase")
    pace: Literal["benefit", "schedule"] = Field(
        default="benefit",
        description="benefit: stop when a stage brings nothing; schedule: free all in turn",
    )
    epochs: Epochs = Field(default=5, description="Passes for each stage that is unfrozen")
    rate: Rate = Field(default=0.0003, description="Learning rate of the stage just unfrozen")
    decay: float = Field(
        default=0.7, gt=0, le=1, description="What was unfrozen before slows to this part"
    )
    tolerance: int = Field(
        default=1, ge=1, le=20, description="Stop after so many stages that brought nothing"
    )
    patience: Patience = Field(default=3, description="End a stage after so many idle epochs")


def plan(
    settings: ProgressiveUnfreezingSettings, backbone: BackboneOutline, _data: DataOutline
) -> Plan:
    """The head, then one stage more at a time, to the bottom or until validation gains nothing."""
    yield head_phase(epochs=settings.head_epochs, rate=settings.head_rate, patience=15)
    stages = learnable_stages(backbone)
    idle = 0
    for lowest in reversed(range(len(stages))):
        report = yield _phase(settings, stages[lowest:])
        idle = 0 if report.improved else idle + 1
        if settings.pace == "benefit" and idle == settings.tolerance:
            break


def _phase(settings: ProgressiveUnfreezingSettings, unfrozen: Sequence[str]) -> Phase:
    rates = {
        name: settings.rate * settings.decay**place for place, name in enumerate((*unfrozen, HEAD))
    }
    return Phase(
        name=f"{unfrozen[0]} and above",
        epochs=settings.epochs,
        rates=rates,
        warmup=0.1,
        patience=settings.patience if settings.pace == "benefit" else None,
        batch_norm="frozen",
    )


PROGRESSIVE_UNFREEZING = Strategy(
    name="progressive-unfreezing",
    title="Progressive unfreezing",
    summary="Choose it if you do not know how much should adapt: it frees one stage after "
    "another and stops when a further one brings nothing.",
    settings=ProgressiveUnfreezingSettings,
    plan=plan,
)
