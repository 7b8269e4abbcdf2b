"""Feature extraction: the backbone stays as it is and only a new head learns."""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy

from .settings import Epochs, Patience, Rate, StrategySettings


class FeatureExtractionSettings(StrategySettings):
    """How long and how fast the head learns."""

    epochs: Epochs = Field(default=60, description="Passes over the images, at most")
    rate: Rate = Field(default=0.005, description="Learning rate of the head")
    patience: Patience = Field(
        default=None, description="Stop after so many epochs without gain; none: do all"
    )


def plan(
    settings: FeatureExtractionSettings, _backbone: BackboneOutline, _data: DataOutline
) -> Plan:
    """One phase: the head."""
    yield Phase(
        name="Head",
        epochs=settings.epochs,
        rates={HEAD: settings.rate},
        patience=settings.patience,
        batch_norm="frozen",
    )


FEATURE_EXTRACTION = Strategy(
    name="feature-extraction",
    title="Feature extraction",
    summary="Choose it first: it takes seconds to minutes, works with few images, and is often "
    "as good as anything if yours look like photographs.",
    settings=FeatureExtractionSettings,
    plan=plan,
    augmentation="none",
)
