"""Tries, before a phase trains on changed images, whether they still show what tells their classes.

Which changes leave an image's meaning alone depends on the images: a hand that is turned by ten
degrees shows the same digit, while a part that lies in a fixture is told by what such a turn
destroys. The classifier that earlier phases reached is the judge, by its loss on validation images.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from graftwork.data.augmentation import Augment, sample_seed
from graftwork.plugin_api import Augmentation, Phase, PhaseReport

from ..classifier import Classifier
from ..events import Notice
from ..inputs import Samples
from ..job import TrainingJob
from .balanced import balanced_places
from .choices import chosen_augment

_IMAGES = 128
_BATCH = 16
_LEAST_KEPT = 0.5
"""The part of what the classifier knows that changed images must leave, by ``_kept``."""


class Tried(Protocol):
    """What a trial needs; a ``TrainingSetup`` is one."""

    @property
    def job(self) -> TrainingJob:
        """Seed and settings of augmentation."""

    @property
    def classifier(self) -> Classifier:
        """With the weights from which the phase will learn."""

    @property
    def device(self) -> torch.device:
        """Where the classifier is."""

    @property
    def validation(self) -> Samples:
        """Pixels of the validation images."""

    @property
    def augmentation(self) -> Augmentation:
        """The user's choice, or the strategy's advice."""

    @property
    def reports(self) -> Sequence[PhaseReport]:
        """Of the phases before."""


def tried_augmentation(setup: Tried, phase: Phase) -> Generator[Notice, None, Augmentation]:
    """How far this phase's images are to be changed.

    Where nobody but the strategy asked for it and more than half of what the classifier knows of
    the images would be lost, not at all; where the user asked for it, a warning says so.
    """
    level = phase.augmentation or setup.augmentation
    training = setup.job.training
    augment = chosen_augment(phase, level, training)
    if augment is None or not _has_learned(setup):
        return level
    trial = _tried(setup, augment)
    if trial.kept >= _LEAST_KEPT:
        return level
    if training.augmentation != "auto":
        yield Notice(level="warning", text=f"{trial.told} {_ADVICE}")
        return level
    yield Notice(level="info", text=f"{trial.told} {_LEFT_OUT.format(level=level)}")
    return "none"


_ADVICE = (
    "That is likely to make the classifier worse: look at what is changed (graftwork augment, or "
    "What augmentation does in the window), and set augmentation=none or another domain."
)
_LEFT_OUT = "So they are not changed in this phase (augmentation={level} would do it nonetheless)."


def _has_learned(setup: Tried) -> bool:
    return bool(setup.reports) or setup.job.start is not None


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """Mean cross-entropy and accuracy on the same images, plain and changed.

    ``guess`` is the loss of one who knows no more than how frequent each class is among them.
    """

    guess: float
    plain: float
    changed: float
    plain_accuracy: float
    changed_accuracy: float

    @property
    def kept(self) -> float:
        """The part of what is known of plain images that is known of changed ones; 1: all of it.

        What is known is by how much the loss is lower than that of guessing. All is kept where
        nothing is known.
        """
        known = self.guess - self.plain
        return (self.guess - self.changed) / known if known > 0 else 1.0

    @property
    def told(self) -> str:
        """What came out, for a person."""
        return (
            "Changed at random, validation images are hard to recognize: "
            f"{self.changed_accuracy:.0%} are right so far, instead of {self.plain_accuracy:.0%}."
        )


@torch.no_grad()
def _tried(setup: Tried, augment: Augment) -> _Trial:
    setup.classifier.eval()
    labels = setup.validation.labels
    places = balanced_places(labels, _IMAGES, setup.job.seed)
    seeds = [sample_seed(setup.job.seed, int(place)) for place in places]

    def changed(pixels: Tensor, start: int) -> Tensor:
        return augment(pixels, seeds[start : start + len(pixels)])

    plain = _logits(setup, places, lambda pixels, _: pixels)
    moved = _logits(setup, places, changed)
    known = labels[places]
    shares = torch.bincount(known).double() / len(known)
    return _Trial(
        guess=float(torch.special.entr(shares).sum()),
        plain=float(functional.cross_entropy(plain, known)),
        changed=float(functional.cross_entropy(moved, known)),
        plain_accuracy=float((plain.argmax(1) == known).float().mean()),
        changed_accuracy=float((moved.argmax(1) == known).float().mean()),
    )


def _logits(setup: Tried, places: Tensor, change: Callable[[Tensor, int], Tensor]) -> Tensor:
    """Logits (n, classes) on the processor, of images that are changed given their first place."""
    found = []
    for start in range(0, len(places), _BATCH):
        pixels = setup.validation.batch(places[start : start + _BATCH]).to(setup.device)
        found.append(setup.classifier.logits(change(pixels, start)).float().cpu())
    return torch.cat(found)
