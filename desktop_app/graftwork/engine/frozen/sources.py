"""The images that go through the frozen stages, as they are or as random changes make them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graftwork.data.augmentation import Augment, sample_seed
from graftwork.data.domains import AugmentationWishes
from graftwork.plugin_api import Augmentation

from ..inputs import PixelSamples, Samples

_VERSION = 1  # to be raised when augmentation gives other pixels than before


@dataclass(frozen=True, kw_only=True)
class Source:
    """Images of one part of the split; ``digests`` name what each of them shows.

    With ``augment``, the image at place i is changed as ``seeds[i]`` says.
    """

    samples: Samples
    digests: tuple[str, ...]
    device: torch.device
    augment: Augment | None = None
    seeds: tuple[int, ...] = ()

    def pixels(self, places: Tensor) -> Tensor:
        """Pixels (N, C, size, size), 0..255, of the images at these places, on the device."""
        pixels = self.samples.batch(places).to(self.device)
        if self.augment is None:
            return pixels
        return self.augment(pixels, [self.seeds[place] for place in places.tolist()])


def contents(samples: Samples) -> tuple[str, ...]:
    """A name for what each image shows, by place: alike only if the pixels are."""
    if isinstance(samples, PixelSamples) and samples.digests is not None:
        return tuple(samples.digests[row] for row in samples.rows)
    places = torch.arange(len(samples.labels))
    return tuple(_digest(image) for few in places.split(64) for image in samples.batch(few))


def _digest(pixels: Tensor) -> str:
    return hashlib.sha256(pixels.contiguous().numpy().data).hexdigest()[:32]


def plain_source(samples: Samples, device: torch.device) -> Source:
    """The images as they are."""
    return Source(samples=samples, digests=contents(samples), device=device)


def view_source(
    samples: Samples,
    augment: Augment,
    device: torch.device,
    *,
    seed: int,
    view: int,
    level: Augmentation,
    wishes: AugmentationWishes,
) -> Source:
    """A view of the images, counted from 0: each is changed as job, view and place decide."""
    seeds = [sample_seed(seed, view, place) for place in range(len(samples.labels))]
    changes = f"{_VERSION} {level} {wishes.domain} {wishes.policy} {wishes.erasing}"
    return Source(
        samples=samples,
        digests=_changed(contents(samples), seeds, changes),
        device=device,
        augment=augment,
        seeds=tuple(seeds),
    )


def _changed(digests: Sequence[str], seeds: Sequence[int], changes: str) -> tuple[str, ...]:
    named = (f"{digest} {one} {changes}" for digest, one in zip(digests, seeds, strict=True))
    return tuple(hashlib.sha256(name.encode()).hexdigest()[:32] for name in named)
