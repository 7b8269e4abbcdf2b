"""A training job: everything that decides a result, in one file that can be run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from .training_settings import Settings, TrainingSettings


class DataSettings(Settings):
    """Which images, and which part of them is held out."""

    path: Path = Field(description="Folder or table of the labelled images")
    reader: str | None = Field(
        default=None, description="Dataset reader; none: the first that recognises the path"
    )
    reader_options: dict[str, Any] = Field(
        default_factory=dict, description="What the reader is told, such as a column's name"
    )
    validation: float = Field(
        default=0.15, gt=0, lt=1, description="Part of the images that chooses the best weights"
    )
    test: float = Field(
        default=0.15, gt=0, lt=1, description="Part of the images that is only used at the end"
    )

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> DataSettings:
        if self.validation + self.test >= 1:
            msg = "validation and test together must leave images to train on (sum below 1)"
            raise ValueError(msg)
        return self


START_FOLDER = "start"
"""Where a run keeps what it starts from, in its folder."""


class StartSettings(Settings):
    """The earlier run that a run goes on from, instead of the pretrained weights."""

    folder: Path = Field(description="Folder of the earlier run")
    weights: str = Field(
        default="best", description="Which of its weights: best, or an epoch's name such as 2-10"
    )
    replay: int = Field(
        default=0, ge=0, description="Images of each class of its stored sample to train on as well"
    )
    origin: Path | None = Field(
        default=None, description="Where the folder's files came from, if the run keeps them"
    )


class TrainingJob(Settings):
    """What a run is made from; running it again on the same device gives the same run."""

    data: DataSettings
    backbone: str = "efficientnet-lite0"
    strategy: str = "feature-extraction"
    strategy_settings: dict[str, Any] = Field(default_factory=dict)
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    start: StartSettings | None = None
    seed: int = Field(
        default=0, ge=0, lt=2**63, description="Decides the split and everything random"
    )
    data_fingerprint: str | None = Field(
        default=None, description="If set, the run refuses images other than these"
    )
