"""The head first, then everything at a low rate.

Linear probing before fine-tuning keeps the pretrained features from being distorted by a random
head: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution" (2022). Where they are to be mixed, the weights before and after the second
phase are interpolated: Wortsman et al., "Robust fine-tuning of zero-shot models" (2022).
"""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy, WiSE

from .head_phase import head_phase
from .settings import Epochs, Patience, Rate, StrategySettings
from .stages import learnable_stages


class HeadThenAllSettings(StrategySettings):
    """How long and how fast each of the two phases learns."""

    head_epochs: Epochs = Field(default=60, description="Passes in which only the head learns")
    head_rate: Rate = Field(default=0.003, description="Learning rate of the head in that phase")
    epochs: Epochs = Field(default=12, description="Passes in which everything learns, at most")
    rate: Rate = Field(default=0.0001, description="Learning rate of everything after that")
    patience: Patience = Field(default=5, description="Stop after so many epochs without gain")
    mix: bool = Field(
        default=False, description="Mix the weights before and after the second phase (WiSE-FT)"
    )


def plan(settings: HeadThenAllSettings, backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """Two phases: the head, then all stages at one low rate."""
    yield head_phase(epochs=settings.head_epochs, rate=settings.head_rate, patience=15)
    yield Phase(
        name="All stages",
        epochs=settings.epochs,
        rates=dict.fromkeys((*learnable_stages(backbone), HEAD), settings.rate),
        warmup=0.1,
        patience=settings.patience,
        batch_norm="frozen",
        averaging=WiSE() if settings.mix else None,
    )


HEAD_THEN_ALL = Strategy(
    name="head-then-all",
    title="Head first, then all",
    summary="Choose it instead of full fine-tuning if your images are few or will vary later: "
    "it keeps more of what the backbone knows.",
    settings=HeadThenAllSettings,
    plan=plan,
)
