"""Looks at what the frozen stages give for a few images, before all of them go through."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..classifier import Classifier
from ..inputs import Samples
from .operations import OperationCount

IMAGES = 8
"""As many images of the user are looked at."""

LARGEST_HALF = 65504.0
"""The largest value of fp16."""

_MARGIN = 8.0


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """What leaves the first ``stages`` stages: its shape for one image, and how it is stored.

    ``operations`` are the floating-point operations of one image until here. ``channels_last``
    says whether the axis of the channels, the first, is kept last.
    """

    stages: int
    shape: tuple[int, ...]
    channels_last: bool
    half: bool
    operations: int

    @property
    def dtype(self) -> torch.dtype:
        """How values are stored."""
        return torch.float16 if self.half else torch.float32

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one image as it is stored."""
        return (*self.shape[1:], self.shape[0]) if self.channels_last else self.shape

    @property
    def row_bytes(self) -> int:
        """What one image takes."""
        return self.dtype.itemsize * int(torch.Size(self.shape).numel())


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A few images, what the stages make of them as they are, and the boundaries up to there.

    There is no boundary above a stage that gives something else than one tensor of numbers.
    """

    pixels: Tensor
    outputs: tuple[Tensor, ...]
    boundaries: tuple[Boundary, ...]

    def up_to(self, stages: int) -> Probe:
        """What a look at so many stages would have given."""
        return replace(self, outputs=self.outputs[:stages], boundaries=self.boundaries[:stages])


def probe(classifier: Classifier, samples: Samples, stages: int) -> Probe:
    """What the first ``stages`` stages, which are put into evaluation mode, give."""
    places = torch.arange(min(IMAGES, len(samples.labels)))
    pixels = samples.batch(places).to(classifier.mean.device)
    outputs, boundaries = [], []
    count = OperationCount()
    with torch.no_grad(), count.counting(classifier.stages):
        reached = classifier.normalize(pixels)
        for number, stage in enumerate(list(classifier.stages)[:stages], 1):
            reached = stage.eval()(reached)
            if not _can_be_stored(reached, len(places)):
                break
            operations = count.total // len(places)
            outputs.append(reached.clone())  # the next stage may work in place
            whole = number == len(classifier.stages)
            boundaries.append(_boundary(number, reached, operations, whole=whole))
    return Probe(pixels=pixels, outputs=tuple(outputs), boundaries=tuple(boundaries))


def _can_be_stored(output: object, images: int) -> bool:
    return (
        isinstance(output, Tensor)
        and output.is_floating_point()
        and output.ndim > 1
        and len(output) == images
    )


def _boundary(number: int, output: Tensor, operations: int, *, whole: bool) -> Boundary:
    """Features are small and a head depends on them alone: they keep their precision."""
    last = output.ndim == 4 and output.is_contiguous(memory_format=torch.channels_last)
    return Boundary(
        stages=number,
        shape=tuple(output.shape[1:]),
        channels_last=last,
        half=not whole and float(output.abs().max()) * _MARGIN < LARGEST_HALF,
        operations=operations,
    )


def leading(stages: nn.Sequential, count: int) -> nn.Sequential:
    """The first ``count`` stages, the same modules."""
    return nn.Sequential(*list(stages)[:count])
