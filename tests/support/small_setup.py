"""What a phase of the tiny classifier needs, on images made of noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graftwork.engine.classifier import Classifier
from graftwork.engine.inputs import PixelSamples
from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import PhaseReport

from .classifiers import tiny_classifier


def noise_samples(rows: range, digests: bool = True) -> PixelSamples:
    """Images by number: the same number is always the same image."""
    pixels = np.stack([_noise(number) for number in range(rows.stop)])
    return PixelSamples(
        pixels=pixels,
        rows=np.array(rows),
        labels=torch.tensor([number % 3 for number in rows]),
        digests=[f"image {number}" for number in range(rows.stop)] if digests else None,
    )


def _noise(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Noise around a color that tells the class."""
    image = np.random.default_rng(number).integers(0, 120, (32, 32, 3))
    image[:, :, number % 3] += 100
    return image.astype(np.uint8)


def no_samples() -> PixelSamples:
    """No images."""
    return PixelSamples(
        pixels=np.empty((0, 32, 32, 3), np.uint8),
        rows=np.empty(0, np.int64),
        labels=torch.empty(0, dtype=torch.int64),
        digests=[],
    )


@dataclass(frozen=True, kw_only=True)
class SmallSetup:
    """Job, classifier and images of a phase."""

    job: TrainingJob
    train: PixelSamples = field(default_factory=lambda: noise_samples(range(40)))
    validation: PixelSamples = field(default_factory=lambda: noise_samples(range(40, 52)))
    test: PixelSamples = field(default_factory=no_samples)
    classifier: Classifier = field(default_factory=lambda: tiny_classifier().eval())
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    reports: list[PhaseReport] = field(default_factory=list)


def small_setup(seed: int = 0, *, parts: dict[str, PixelSamples] | None = None, **training: Any):
    """A setup whose job has these shared training settings."""
    settings = TrainingSettings(**{"device": "cpu", **training})
    job = TrainingJob(data=DataSettings(path=Path("nowhere")), training=settings, seed=seed)
    return SmallSetup(job=job, **(parts or {}))
