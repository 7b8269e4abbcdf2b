"""Fine-tuning of the top k stages above a frozen rest."""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy

from .head_phase import head_phase
from .settings import Epochs, Patience, Rate, StrategySettings
from .stages import learnable_stages


class TopStagesSettings(StrategySettings):
    """How much of the backbone learns, how long and how fast."""

    stages: int = Field(default=2, ge=1, le=100, description="How many stages learn, from the top")
    epochs: Epochs = Field(default=15, description="Passes over the images, at most")
    rate: Rate = Field(default=0.001, description="Learning rate of the stages")
    head_rate: Rate = Field(default=0.001, description="Learning rate of the head, with them")
    head_epochs: Epochs = Field(default=30, description="Passes before, in which the head learns")
    first_rate: Rate = Field(default=0.001, description="Learning rate of the head in that phase")
    patience: Patience = Field(default=5, description="Stop after so many epochs without gain")


def plan(settings: TopStagesSettings, backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """The head alone, then the head with the top stages."""
    yield head_phase(epochs=settings.head_epochs, rate=settings.first_rate, patience=10)
    top = learnable_stages(backbone)[-settings.stages :]
    yield Phase(
        name=f"{top[0]} and above",
        epochs=settings.epochs,
        rates={**dict.fromkeys(top, settings.rate), HEAD: settings.head_rate},
        warmup=0.1,
        patience=settings.patience,
        batch_norm="frozen",
    )


TOP_STAGES = Strategy(
    name="top-stages",
    title="Fine-tune the top stages",
    summary="Choose it if feature extraction falls short and you have some dozens of images "
    "of each class: the upper stages adapt, the general lower ones stay.",
    settings=TopStagesSettings,
    plan=plan,
)
