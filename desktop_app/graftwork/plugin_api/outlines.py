"""What a strategy is told of the backbone and of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StageOutline:
    """One stage of the backbone: its name and how many parameters it holds."""

    name: str
    parameters: int


@dataclass(frozen=True, kw_only=True)
class BackboneOutline:
    """The backbone's stages, bottom first (the head is not among them), and its feature size."""

    stages: tuple[StageOutline, ...]
    features: int

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The names of the backbone's stages, bottom first."""
        return tuple(stage.name for stage in self.stages)


@dataclass(frozen=True, kw_only=True)
class DataOutline:
    """How many images each class has for training, and how many are held out."""

    training_images: Mapping[str, int]
    validation_images: int
    test_images: int

    @property
    def total_training_images(self) -> int:
        """The number of images that training sees."""
        return sum(self.training_images.values())
