"""From scratch: the same network with random weights, as a yardstick for what transfer brings."""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy

from .settings import Epochs, Patience, Rate, StrategySettings
from .stages import learnable_stages


class FromScratchSettings(StrategySettings):
    """How long and how fast everything learns."""

    epochs: Epochs = Field(default=60, description="Passes over the images, at most")
    rate: Rate = Field(default=0.001, description="Learning rate of all stages")
    patience: Patience = Field(default=15, description="Stop after so many epochs without gain")


def plan(settings: FromScratchSettings, backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """One phase in which everything learns, batch statistics included."""
    yield Phase(
        name="All stages",
        epochs=settings.epochs,
        rates=dict.fromkeys((*learnable_stages(backbone), HEAD), settings.rate),
        warmup=0.1,
        patience=settings.patience,
        batch_norm="learning",
    )


FROM_SCRATCH = Strategy(
    name="from-scratch",
    title="From scratch",
    summary="Choose it to see what transfer is worth, or with many thousands of images that "
    "are like nothing in a photograph.",
    settings=FromScratchSettings,
    plan=plan,
    augmentation="strong",
    pretrained=False,
)
