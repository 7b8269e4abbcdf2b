"""Chain-thaw: the head, then each stage alone from the bottom up, then everything."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from graftwork.plugin_api import HEAD, BackboneOutline, DataOutline, Phase, Plan, Strategy, hookimpl

GRAFTWORK_API = 1


class ChainThawSettings(BaseModel):
    """How long and how fast each link of the chain learns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head_epochs: int = Field(default=60, ge=1, description="Passes in which only the head learns")
    epochs: int = Field(default=4, ge=1, description="Passes for each stage, and for everything")
    head_rate: float = Field(default=0.003, gt=0, le=1, description="Learning rate of the head")
    rate: float = Field(default=0.0003, gt=0, le=1, description="Learning rate after that")


def plan(settings: ChainThawSettings, backbone: BackboneOutline, _data: DataOutline) -> Plan:
    """One phase for each stage that has parameters, between the head's and everything's."""
    yield Phase(
        name="Head",
        epochs=settings.head_epochs,
        rates={HEAD: settings.head_rate},
        patience=15,
        batch_norm="frozen",
        augmentation="none",
    )
    stages = [stage.name for stage in backbone.stages if stage.parameters]
    for stage in stages:
        yield _phase(f"{stage} alone", [stage], settings)
    yield _phase("All stages", [*stages, HEAD], settings)


def _phase(name: str, learning: Iterable[str], settings: ChainThawSettings) -> Phase:
    return Phase(
        name=name,
        epochs=settings.epochs,
        rates=dict.fromkeys(learning, settings.rate),
        warmup=0.1,
        batch_norm="frozen",
    )


@hookimpl
def register_strategies() -> Iterable[Strategy]:
    """The one strategy of this package."""
    yield Strategy(
        name="chain-thaw",
        title="Chain-thaw",
        summary="Choose it if fine-tuning everything at once forgets too much: one stage learns "
        "at a time, while all others are held.",
        settings=ChainThawSettings,
        plan=plan,
    )
