"""Prototypes: a class is the mean direction of its images' features."""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import BackboneOutline, DataOutline, Plan, PrototypeHead, Strategy

from .head_phase import head_phase
from .settings import Epochs, Rate, StrategySettings


class PrototypesSettings(StrategySettings):
    """Whether the directions learn on from where the means put them."""

    epochs: Epochs | None = Field(
        default=None,
        description="Passes in which the head learns on from the prototypes; none: it does not",
    )
    rate: Rate = Field(default=0.001, description="Learning rate of the head in these passes")


def plan(settings: PrototypesSettings, _backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """The prototypes, and a phase that trains them if it is wanted."""
    yield PrototypeHead(name="Prototypes")
    if settings.epochs is not None:
        yield head_phase(epochs=settings.epochs, rate=settings.rate, patience=None)


PROTOTYPES = Strategy(
    name="prototypes",
    title="Prototypes",
    summary="Choose it with three or four images of each class, or as a first answer: nothing is "
    "trained, so that nothing can be learned by heart.",
    settings=PrototypesSettings,
    plan=plan,
    augmentation="none",
    head="cosine",
)
