"""Low-rank adaptation: every stage learns, but only through the product of two thin matrices.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021). The products are merged
into the weights when the phase ends, so that the model costs nothing more afterwards.
"""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, LowRank, Phase, Plan, Strategy

from .head_phase import head_phase
from .settings import Epochs, Patience, Rate, StrategySettings
from .stages import learnable_stages


class LowRankSettings(StrategySettings):
    """How much may change, how long and how fast."""

    rank: int = Field(default=8, ge=1, le=1024, description="Inner width of what is added")
    alpha: float = Field(
        default=16.0, gt=0, le=10_000, description="What is added counts alpha / rank times"
    )
    head_epochs: Epochs = Field(default=60, description="Passes before, in which the head learns")
    head_rate: Rate = Field(default=0.003, description="Learning rate of the head in that phase")
    epochs: Epochs = Field(default=12, description="Passes in which all stages learn, at most")
    rate: Rate = Field(default=0.001, description="Learning rate in these passes")
    patience: Patience = Field(default=5, description="Stop after so many epochs without gain")


def plan(settings: LowRankSettings, backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """The head, then the head with low-rank additions to all stages."""
    yield head_phase(epochs=settings.head_epochs, rate=settings.head_rate, patience=15)
    yield Phase(
        name="Low-rank additions",
        epochs=settings.epochs,
        rates=dict.fromkeys((*learnable_stages(backbone), HEAD), settings.rate),
        warmup=0.1,
        patience=settings.patience,
        batch_norm="frozen",
        learning=LowRank(rank=settings.rank, alpha=settings.alpha),
    )


LOW_RANK = Strategy(
    name="low-rank",
    title="Low-rank adaptation",
    summary="Choose it for large backbones, transformers above all, with few images: all stages "
    "adapt through few numbers, which learn little by heart and forget little.",
    settings=LowRankSettings,
    plan=plan,
)
