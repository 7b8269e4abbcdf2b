"""Measures the statistics of batch normalization anew, exactly, on the training images.

As in Wu and Johnson, "Rethinking Batch in BatchNorm" (2021), the statistics are those of all
images together, not a moving average. They are measured stage by stage: what reaches a stage has
passed the stages below with the statistics that those will go on with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.data.throttle import Throttle

from ..classifier import Classifier
from ..events import Progress
from ..freezing import batch_norms
from ..inputs import Samples

_BATCH = 64
_WHAT = "Measuring batch statistics"


class _Moments:
    """Mean and variance of all values that a normalization is given, a batch at a time.

    Batches are joined as in Chan, Golub and LeVeque (1983), in double precision.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = torch.zeros((), dtype=torch.float64)
        self.squares = torch.zeros((), dtype=torch.float64)

    def add(self, values: Tensor) -> None:
        """Take in values (N, channels, ...)."""
        count = values.numel() // values.shape[1]
        axes = [axis for axis in range(values.ndim) if axis != 1]
        spread, mean = torch.var_mean(values.float(), axes, correction=0)
        step = mean.cpu().double() - self.mean
        whole = self.count + count
        self.mean = self.mean + step * count / whole
        joint = step.square() * self.count * count / whole
        self.squares = self.squares + spread.cpu().double() * count + joint
        self.count = whole

    def give_to(self, norm: _BatchNorm) -> None:
        """Make these its statistics; the variance is unbiased, as torch keeps it."""
        if norm.running_mean is not None and norm.running_var is not None:
            norm.running_mean.copy_(self.mean)
            norm.running_var.copy_(self.squares / max(1, self.count - 1))


def re_estimate(
    classifier: Classifier,
    pixels: Samples,
    device: torch.device,
    stages: Collection[str] | None = None,
) -> Generator[Progress, None, None]:
    """Measure the statistics of these stages (None: all) on all images, in evaluation mode after.

    Within a stage, layers see each other normalized by their batches, of some 64 images. Closed
    before its end, it leaves the statistics as they were. Each stage with batch normalization
    costs a pass through itself and all below.
    """
    named = dict(classifier.stages.named_children())
    wanted = [
        place
        for place, (name, stage) in enumerate(named.items())
        if (stages is None or name in stages) and any(batch_norms(stage))
    ]
    images = len(pixels.labels)
    with _put_back_unless_done(classifier):
        for turn, place in enumerate(wanted):
            so_far = Progress(what=_WHAT, done=turn * images, total=len(wanted) * images)
            yield from _measure_stage(classifier, place, pixels, device, so_far)


def _measure_stage(
    classifier: Classifier, place: int, pixels: Samples, device: torch.device, so_far: Progress
) -> Generator[Progress, None, None]:
    classifier.eval()
    norms = list(batch_norms(classifier.stages[place]))
    moments = {norm: _Moments() for norm in norms}
    throttle = Throttle()
    with _measuring(moments):
        for places in _even_batches(len(pixels.labels)):
            _pass(classifier, place, pixels.batch(places).to(device))
            if throttle.due():
                done = so_far.done + int(places[-1]) + 1
                yield so_far.model_copy(update={"done": done})
    for norm in norms:
        moments[norm].give_to(norm)


@torch.no_grad()
def _pass(classifier: Classifier, place: int, pixels: Tensor) -> None:
    classifier.stages[: place + 1](classifier.normalize(pixels))


@contextmanager
def _measuring(moments: dict[_BatchNorm, _Moments]) -> Iterator[None]:
    """In the block, these normalize by their batches, and what they are given is measured."""
    momenta = {norm: norm.momentum for norm in moments}
    hooks = [norm.register_forward_pre_hook(_taking(each)) for norm, each in moments.items()]
    try:
        for norm in moments:
            norm.train()
            norm.momentum = 0.0
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for norm, momentum in momenta.items():
            norm.eval()
            norm.momentum = momentum


def _taking(moments: _Moments) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def take(_norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        moments.add(inputs[0])

    return take


@contextmanager
def _put_back_unless_done(classifier: Classifier) -> Iterator[None]:
    before = {name: buffer.clone() for name, buffer in classifier.named_buffers()}
    try:
        yield
    except BaseException:
        for name, buffer in classifier.named_buffers():
            buffer.copy_(before[name])
        raise


def _even_batches(images: int) -> tuple[Tensor, ...]:
    """Batches of nearly one size: a last one of a single image would have no variance."""
    return torch.arange(images).tensor_split(math.ceil(images / _BATCH))
