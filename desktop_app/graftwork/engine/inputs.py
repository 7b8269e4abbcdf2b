"""What a phase trains on: pixels, or features that the frozen backbone gives once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graftwork.data.throttle import Throttle

from .classifier import Classifier
from .events import Progress

_PASS_BATCH = 32


class Samples(Protocol):
    """Labelled inputs by place, 0 to len(labels) - 1."""

    @property
    def labels(self) -> Tensor:
        """The index of each input's class (n)."""

    def batch(self, places: Tensor) -> Tensor:
        """The inputs at these places, on the processor."""


@dataclass(frozen=True, kw_only=True)
class PixelSamples:
    """Images of one part of the split: rows of the decoded uint8 pixels (n, size, size, C).

    ``digests``, where they are known, name what each row of ``pixels`` shows.
    """

    pixels: npt.NDArray[np.uint8]
    rows: npt.NDArray[np.int64]
    labels: Tensor
    digests: Sequence[str] | None = None

    def batch(self, places: Tensor) -> Tensor:
        """Pixels (N, C, size, size), uint8, in channels-last order in memory."""
        return torch.from_numpy(self.pixels[self.rows[places.numpy()]]).permute(0, 3, 1, 2)


@dataclass(frozen=True, kw_only=True)
class FeatureSamples:
    """Features (n, features) of the images of one part of the split."""

    features: Tensor
    labels: Tensor

    def batch(self, places: Tensor) -> Tensor:
        """Features (N, features)."""
        return self.features[places]


@dataclass(frozen=True, kw_only=True)
class PhaseInputs:
    """Both parts that a phase needs, and the way from a batch of them to logits.

    Epoch e trains on ``views[(e - 1) % len(views)]``, in the same order of places in all.
    ``live`` inputs are pixels, which are augmented in every step.
    """

    views: tuple[Samples, ...]
    validation: Samples
    logits: Callable[[Tensor], Tensor]
    live: bool

    def train(self, epoch: int) -> Samples:
        """What an epoch, counted from 1, trains on."""
        return self.views[(epoch - 1) % len(self.views)]


def pixel_inputs(classifier: Classifier, train: Samples, validation: Samples) -> PhaseInputs:
    """The live path: every batch goes through the whole network."""
    return PhaseInputs(views=(train,), validation=validation, logits=classifier.logits, live=True)


def feature_inputs(
    classifier: Classifier, train: Samples, validation: Samples
) -> Generator[Progress, None, PhaseInputs]:
    """The backbone runs once over all images; batches of features then go through the head."""
    total = len(train.labels) + len(validation.labels)
    learned = yield from _features(classifier, train, 0, total)
    held_out = yield from _features(classifier, validation, len(train.labels), total)
    return PhaseInputs(
        views=(FeatureSamples(features=learned, labels=train.labels),),
        validation=FeatureSamples(features=held_out, labels=validation.labels),
        logits=classifier.head,
        live=False,
    )


def _features(
    classifier: Classifier, samples: Samples, before: int, total: int
) -> Generator[Progress, None, Tensor]:
    classifier.stages.eval()
    throttle = Throttle()
    chunks = []
    for places in torch.arange(len(samples.labels)).split(_PASS_BATCH):
        chunks.append(_pass(classifier, samples.batch(places)))
        done = before + int(places[-1]) + 1
        if throttle.due() or done == total:
            yield Progress(what="Computing features", done=done, total=total)
    return torch.cat(chunks)


@torch.no_grad()
def _pass(classifier: Classifier, pixels: Tensor) -> Tensor:
    pixels = pixels.to(classifier.mean.device)
    features: Tensor = classifier.stages(classifier.normalize(pixels))
    return features.cpu()
