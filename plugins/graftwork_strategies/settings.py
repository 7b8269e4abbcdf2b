"""What the settings of all built-in strategies have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class StrategySettings(BaseModel):
    """A settings model that refuses names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Rate = Annotated[float, Field(gt=0, le=1)]
Epochs = Annotated[int, Field(ge=1, le=10_000)]
Patience = Annotated[int | None, Field(ge=1, le=1_000)]
