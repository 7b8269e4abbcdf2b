"""A training job: everything that decides a result, in one file that can be run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from graftwork.data.input_spec import Fit

Optimizer = Literal["adamw", "sgd"]
BestMetric = Literal["balanced-accuracy", "accuracy", "macro-f1", "loss"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
AugmentationChoice = Literal["auto", "none", "light", "strong"]
ScheduleChoice = Literal["auto", "constant", "cosine", "one-cycle"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSettings(_Model):
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


class TrainingSettings(_Model):
    """The numbers that all strategies share."""

    fit: Fit = Field(
        default="squash",
        description="How an image becomes a square: squash (all of it, distorted), "
        "crop (the middle), pad (all of it, with borders)",
    )
    channels: int = Field(
        default=3, ge=1, le=64, description="Channels of an image that the network sees"
    )
    batch_size: int = Field(default=32, ge=1, le=4096, description="Images in one step")
    augmentation: AugmentationChoice = Field(
        default="auto", description="Random changes to training images; auto: the strategy's advice"
    )
    optimizer: Optimizer = Field(default="adamw", description="How weights follow the gradients")
    schedule: ScheduleChoice = Field(
        default="auto", description="How rates change in a phase; auto: the strategy's choice"
    )
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Momentum of SGD")
    weight_decay: float = Field(
        default=0.01, ge=0, le=1, description="Pull towards zero (not on norms and biases)"
    )
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="How far targets are moved towards all classes alike"
    )
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Part of the features dropped before the head"
    )
    best_metric: BestMetric = Field(
        default="loss",
        description="The validation figure that decides which weights are kept",
    )
    device: Device = Field(default="auto", description="Where to compute; auto: the fastest found")
    precision: Precision = Field(
        default="auto", description="Arithmetic of training steps; auto: what suits device and net"
    )


class TrainingJob(_Model):
    """What a run is made from; running it again on the same device gives the same run."""

    data: DataSettings
    backbone: str = "efficientnet-lite0"
    strategy: str = "feature-extraction"
    strategy_settings: dict[str, Any] = Field(default_factory=dict)
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    seed: int = Field(default=0, ge=0, description="Decides the split and everything random")
    data_fingerprint: str | None = Field(
        default=None, description="If set, the run refuses images other than these"
    )
