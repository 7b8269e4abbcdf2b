"""Full fine-tuning with layer-wise rates.

Stage l of L learns at ``lr_l = lr_base * gamma ** (L - l)``, the head, at the top, at ``lr_base``:
discriminative rates as in Howard and Ruder, "Universal Language Model Fine-tuning" (2018). With a
rate of its own, the backbone's topmost stage learns at that, and those below at gamma of the next.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy

from .settings import Epochs, Patience, Rate, StrategySettings
from .stages import learnable_stages


class FullFineTuningSettings(StrategySettings):
    """How long and how fast, and how much slower further down."""

    epochs: Epochs = Field(default=15, description="Passes over the images, at most")
    rate: Rate = Field(default=0.001, description="Learning rate of the head, the topmost stage")
    backbone_rate: Rate | None = Field(
        default=None, description="Learning rate of the backbone's topmost stage; none: by gamma"
    )
    gamma: float = Field(
        default=0.8, gt=0, le=1, description="Each stage learns at this part of the rate above it"
    )
    patience: Patience = Field(default=6, description="Stop after so many epochs without gain")


def layerwise_rates(stages: Sequence[str], rate: float, gamma: float) -> dict[str, float]:
    """The rate of each stage, bottom first: ``rate * gamma ** (L - l)`` for stage l of L."""
    top = len(stages) - 1
    return {name: rate * gamma ** (top - place) for place, name in enumerate(stages)}


def plan(settings: FullFineTuningSettings, backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """One phase in which everything learns."""
    backbone_rate = settings.backbone_rate or settings.rate * settings.gamma
    below = layerwise_rates(learnable_stages(backbone), backbone_rate, settings.gamma)
    yield Phase(
        name="All stages",
        epochs=settings.epochs,
        rates={**below, HEAD: settings.rate},
        warmup=0.1,
        patience=settings.patience,
        batch_norm="frozen",
    )


FULL_FINE_TUNING = Strategy(
    name="full-fine-tuning",
    title="Full fine-tuning",
    summary="Choose it with hundreds of images of each class, or images unlike photographs, "
    "and time to spare: everything adapts, the lower stages more slowly.",
    settings=FullFineTuningSettings,
    plan=plan,
)
