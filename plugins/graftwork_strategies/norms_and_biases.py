"""Only the head, the scales and shifts of normalizations, and all biases learn.

Ben Zaken, Ravfogel and Goldberg, "BitFit: Simple Parameter-efficient Fine-tuning" (2022); of
convolutional networks, Frankle, Schwab and Morcos, "Training BatchNorm and Only BatchNorm" (2021).
"""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy

from .head_phase import head_phase
from .settings import Epochs, Patience, Rate, StrategySettings
from .stages import learnable_stages


class NormsAndBiasesSettings(StrategySettings):
    """How long and how fast they learn."""

    head_epochs: Epochs = Field(default=60, description="Passes before, in which the head learns")
    head_rate: Rate = Field(default=0.003, description="Learning rate of the head in that phase")
    epochs: Epochs = Field(default=12, description="Passes in which norms and biases learn, too")
    rate: Rate = Field(default=0.001, description="Learning rate in these passes")
    patience: Patience = Field(default=5, description="Stop after so many epochs without gain")


def plan(settings: NormsAndBiasesSettings, backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """The head, then the head with all norms and biases."""
    yield head_phase(epochs=settings.head_epochs, rate=settings.head_rate, patience=15)
    yield Phase(
        name="Norms and biases",
        epochs=settings.epochs,
        rates=dict.fromkeys((*learnable_stages(backbone), HEAD), settings.rate),
        warmup=0.1,
        patience=settings.patience,
        batch_norm="frozen",
        learning="norms-and-biases",
    )


NORMS_AND_BIASES = Strategy(
    name="norms-and-biases",
    title="Norms and biases only",
    summary="Choose it if images are too few for fine-tuning but feature extraction falls short: "
    "a small part of the weights adapts in all stages.",
    settings=NormsAndBiasesSettings,
    plan=plan,
)
