"""Surgical fine-tuning: only the stages learn that want to change most.

Lee et al., "Surgical Fine-Tuning Improves Adaptation to Distribution Shifts" (2023): a stage's
gradient over its weights (relative gradient norm) says how far it is from what the images need.
"""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import (
    HEAD,
    BackboneOutline,
    DataOutline,
    MeasuredStages,
    Phase,
    Plan,
    Strategy,
)

from .head_phase import head_phase
from .settings import Epochs, Patience, Rate, StrategySettings


class SurgicalSettings(StrategySettings):
    """How many stages learn, how long and how fast."""

    stages: int = Field(default=2, ge=1, le=100, description="How many stages learn")
    images: int = Field(
        default=512, ge=1, le=100_000, description="Images on which stages are measured, at most"
    )
    head_epochs: Epochs = Field(default=60, description="Passes before, in which the head learns")
    head_rate: Rate = Field(default=0.003, description="Learning rate of the head in that phase")
    epochs: Epochs = Field(default=15, description="Passes over the images, at most")
    rate: Rate = Field(default=0.001, description="Learning rate of the stages and the head")
    patience: Patience = Field(default=5, description="Stop after so many epochs without gain")


def plan(settings: SurgicalSettings, _backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """The head; a measurement; the head with the stages of the highest ratio."""
    yield head_phase(epochs=settings.head_epochs, rate=settings.head_rate, patience=15)
    report = yield MeasuredStages(name="Measure stages", images=settings.images)
    falling = sorted(report.measures, key=lambda name: -report.measures[name])
    chosen = falling[: settings.stages]
    yield Phase(
        name=", ".join((*chosen, HEAD)),
        epochs=settings.epochs,
        rates=dict.fromkeys((*chosen, HEAD), settings.rate),
        warmup=0.1,
        patience=settings.patience,
        batch_norm="frozen",
    )


SURGICAL = Strategy(
    name="surgical",
    title="Surgical fine-tuning",
    summary="Choose it if your images differ from photographs in one way, such as color, noise or "
    "focus: only the stages that it concerns adapt.",
    settings=SurgicalSettings,
    plan=plan,
)
