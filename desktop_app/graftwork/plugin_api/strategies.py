"""What a strategy says of itself: a generator of phases."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

HEAD = "head"
"""The name of the topmost stage, the classifier that is put on the backbone."""

Schedule = Literal["constant", "cosine", "one-cycle"]
Augmentation = Literal["none", "light", "strong"]
BatchNorm = Literal["frozen", "learning", "adapting"]
"""Whose batch normalization follows the user's images: none, that of learning stages, all."""


@dataclass(frozen=True, kw_only=True)
class StageOutline:
    """One stage of the backbone: its name and how many parameters it holds."""

    name: str
    parameters: int


@dataclass(frozen=True, kw_only=True)
class ModelOutline:
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


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of training in which the same stages learn.

    ``rates`` maps a stage's name (``HEAD`` for the head) to its peak learning rate; a stage that
    is not named is frozen. ``epochs`` is the most that will be run; with ``patience`` the phase
    ends after that many epochs without improvement on validation. ``warmup`` is the part of the
    phase, 0 to 1, over which the rates rise. ``augmentation`` overrides the job's for this phase
    (a head that learns without it needs each image's features only once). A phase starts from the
    best weights so far.
    """

    name: str
    epochs: int
    rates: Mapping[str, float]
    schedule: Schedule = "cosine"
    warmup: float = 0.0
    patience: int | None = None
    batch_norm: BatchNorm = "learning"
    augmentation: Augmentation | None = None


@dataclass(frozen=True, kw_only=True)
class PhaseReport:
    """What a phase reached: figures on the validation images.

    ``best_score`` is the job's chosen metric (greater is better; the loss counts negative) at the
    phase's best epoch; ``improved`` says whether it beat every phase before.
    """

    phase: Phase
    epochs_run: int
    best_epoch: int
    best_score: float
    best_loss: float
    best_accuracy: float
    improved: bool


Plan = Generator[Phase, PhaseReport, None]


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A way to transfer: a settings model and a plan of phases.

    ``settings`` is a pydantic model whose defaults suit a person who changes nothing; the window
    draws its form from it. ``plan`` yields a phase at a time and is sent that phase's report.
    ``summary`` says in one sentence when to choose it. ``augmentation`` is what it advises where
    the user chooses nothing; ``pretrained`` is false if it wants random weights.
    """

    name: str
    title: str
    summary: str
    settings: type[BaseModel]
    plan: Callable[[Any, ModelOutline, DataOutline], Plan]
    augmentation: Augmentation = "light"
    pretrained: bool = True
