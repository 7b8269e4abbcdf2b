"""What all phases of a run share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from graftwork.data.split import Split
from graftwork.plugin_api import (
    Augmentation,
    BackboneOutline,
    Catalog,
    DataOutline,
    PhaseReport,
    StageOutline,
    Strategy,
)

from .best_weights import BestWeights
from .checkpoints.keeper import CheckpointKeeper
from .classifier import Classifier
from .inputs import PixelSamples
from .job import TrainingJob
from .learning.sample import JoinedSamples, StoredSample
from .speed.processes import Processes


@dataclass(frozen=True, kw_only=True)
class TrainingSetup:
    """The classifier, its data and its place of work.

    ``reference`` are the weights that the run began with, by name, ``first_weights`` is the digest
    of the backbone's among them, and ``pretrained`` says whether these had learned before;
    ``earlier`` are images of the run before, if this one goes on from it, or ``no_sample`` says why
    there are none; ``head_is_new`` says that no head was taken from there. ``reports`` grows with
    each phase. Nothing learns from ``test``, nor chooses by it: where the whole backbone is frozen,
    its images go through it together with the others, for the evaluation that follows.
    """

    job: TrainingJob
    folder: Path
    classifier: Classifier
    processes: Processes
    train: PixelSamples | JoinedSamples
    validation: PixelSamples
    test: PixelSamples
    augmentation: Augmentation
    best: BestWeights
    checkpoints: CheckpointKeeper
    reference: Mapping[str, Tensor]
    first_weights: str
    pretrained: bool
    earlier: StoredSample | None
    no_sample: str | None
    head_is_new: bool
    reports: list[PhaseReport] = field(default_factory=list)

    @property
    def pixel_bytes(self) -> int:
        """What training and validation images take, which are mapped into memory."""
        images = len(self.train.labels) + len(self.validation.labels)
        spec = self.classifier.info.input
        return images * spec.size**2 * spec.channels

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return self.processes.device


def chosen_augmentation(job: TrainingJob, strategy: Strategy) -> Augmentation:
    """The user's choice, or the strategy's advice."""
    wanted = job.training.augmentation
    return strategy.augmentation if wanted == "auto" else wanted


def backbone_outline(stages: nn.Sequential, features: int) -> BackboneOutline:
    """The outline of the backbone that a strategy is handed."""
    outlines = tuple(
        StageOutline(name=name, parameters=sum(p.numel() for p in stage.parameters()))
        for name, stage in stages.named_children()
    )
    return BackboneOutline(stages=outlines, features=features)


def data_outline(catalog: Catalog, split: Split) -> DataOutline:
    """The outline of the data that a strategy is handed."""
    return DataOutline(
        training_images=_counts(catalog, split.train),
        validation_images=len(split.validation),
        test_images=len(split.test),
    )


def _counts(catalog: Catalog, rows: Sequence[int]) -> dict[str, int]:
    found = Counter(catalog.items[row].label for row in rows)
    return {name: found[name] for name in catalog.classes}
