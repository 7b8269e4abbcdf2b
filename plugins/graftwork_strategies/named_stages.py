"""Fine-tuning of stages that the user names, wherever they are, above and below frozen ones."""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy

from .head_phase import head_phase
from .settings import Epochs, Patience, Rate, StrategySettings
from .stages import named_stages


class NamedStagesSettings(StrategySettings):
    """Which stages learn, how long and how fast."""

    stages: str = Field(
        default="", description="Names of stages that learn, with commas; none: the topmost"
    )
    epochs: Epochs = Field(default=15, description="Passes over the images, at most")
    rate: Rate = Field(default=0.0003, description="Learning rate of the stages")
    head_rate: Rate = Field(default=0.001, description="Learning rate of the head, with them")
    head_epochs: Epochs = Field(default=30, description="Passes before, in which the head learns")
    first_rate: Rate = Field(default=0.001, description="Learning rate of the head in that phase")
    patience: Patience = Field(default=5, description="Stop after so many epochs without gain")


def plan(settings: NamedStagesSettings, backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """The head alone, then the head with the named stages."""
    chosen = named_stages(settings.stages, backbone)
    yield head_phase(epochs=settings.head_epochs, rate=settings.first_rate, patience=10)
    yield Phase(
        name=", ".join(chosen),
        epochs=settings.epochs,
        rates={**dict.fromkeys(chosen, settings.rate), HEAD: settings.head_rate},
        warmup=0.1,
        patience=settings.patience,
        batch_norm="frozen",
    )


def check(settings: NamedStagesSettings, backbone: BackboneOutline) -> None:
    """Raise ``GraftworkError`` for the name of a stage that is not there."""
    named_stages(settings.stages, backbone)


NAMED_STAGES = Strategy(
    name="named-stages",
    title="Fine-tune named stages",
    summary="Choose it if you know which stages should adapt: the lowest ones, for images from "
    "another camera; the upper ones, for other things in the same kind of images.",
    settings=NamedStagesSettings,
    plan=plan,
    check=check,
)
