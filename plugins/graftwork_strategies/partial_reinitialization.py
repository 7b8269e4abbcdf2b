"""The upper stages begin anew on the pretrained lower ones.

Yosinski et al., "How transferable are features in deep neural networks?" (2014): lower stages are
general, upper ones were made for the pictures that they were trained on.
"""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy

from .settings import Epochs, Patience, Rate, StrategySettings
from .stages import learnable_stages


class NewUpperStagesSettings(StrategySettings):
    """How much begins anew, how long and how fast it learns."""

    stages: int = Field(
        default=1, ge=1, le=100, description="How many stages begin anew, from the top"
    )
    new_epochs: Epochs = Field(default=30, description="Passes in which these and the head learn")
    new_rate: Rate = Field(default=0.001, description="Learning rate in these passes")
    epochs: Epochs = Field(default=12, description="Passes in which everything learns, at most")
    rate: Rate = Field(default=0.0001, description="Learning rate of everything after that")
    patience: Patience = Field(default=8, description="Stop after so many epochs without gain")


def plan(settings: NewUpperStagesSettings, backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """The new stages, which learn their batch statistics, on frozen ones; then everything."""
    stages = learnable_stages(backbone)
    new = (*stages[-settings.stages :], HEAD)
    yield Phase(
        name=f"New from {new[0]} upwards",
        epochs=settings.new_epochs,
        rates=dict.fromkeys(new, settings.new_rate),
        warmup=0.1,
        patience=settings.patience,
        batch_norm="learning",
        reinitialize=new[:-1],
    )
    yield Phase(
        name="All stages",
        epochs=settings.epochs,
        rates=dict.fromkeys((*stages, HEAD), settings.rate),
        warmup=0.1,
        patience=settings.patience,
        batch_norm="frozen",
    )


PARTIAL_REINITIALIZATION = Strategy(
    name="partial-reinitialization",
    title="New upper stages",
    summary="Choose it with some hundreds of images of each class that are unlike photographs, if "
    "fine-tuning stays stuck: the upper stages forget what they were made for.",
    settings=NewUpperStagesSettings,
    plan=plan,
)
