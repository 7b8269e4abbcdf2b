"""Which head a run gets: the strategy's, or the user's choice."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from graftwork.engine.errors import TrainingError
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import HeadKind, Strategy


class HeadSpec(BaseModel):
    """All that is needed to build a head again; ``hidden_units`` matter to an MLP alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: HeadKind = "linear"
    hidden_units: int = Field(default=256, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)


def head_spec(settings: TrainingSettings, strategy: Strategy) -> HeadSpec:
    """The head that the strategy needs, or that the user chose; linear if neither says.

    Raises ``TrainingError`` if the user chose another head than the strategy needs.
    """
    if strategy.head and settings.head not in {"auto", strategy.head}:
        msg = (
            f"The strategy {strategy.name} needs the head {strategy.head!r}, and the job asks for "
            f"{settings.head!r}. Leave head=auto, or choose another strategy."
        )
        raise TrainingError(msg)
    chosen: HeadKind = "linear" if settings.head == "auto" else settings.head
    return HeadSpec(
        kind=strategy.head or chosen,
        hidden_units=settings.hidden_units,
        dropout=settings.dropout,
    )
