"""Measures what one image costs in each stage, on a few of the user's own images."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..classifier import Classifier
from ..inputs import Samples
from ..learning.low_rank import plain_state

_IMAGES = 8


@dataclass(frozen=True, kw_only=True)
class StageCost:
    """One stage: seconds and bytes of all layers' outputs for an image, and of its weights.

    ``call_seconds`` are what a batch costs beside its images.
    """

    name: str
    seconds: float
    call_seconds: float
    activation_bytes: float
    weight_bytes: int


@torch.no_grad()
def stage_costs(
    classifier: Classifier, samples: Samples, device: torch.device
) -> tuple[StageCost, ...]:
    """The cost of a forward pass through each stage, bottom first, the head last.

    Timed are batches like others before, so that memory is at hand and kernels are chosen.
    """
    classifier.eval()
    places = torch.arange(min(_IMAGES, len(samples.labels)))
    inputs = classifier.normalize(samples.batch(places).to(device))
    several = _timed(classifier, inputs, device)
    try:
        single = _timed(classifier, inputs[:1], device)
    except RuntimeError:  # there are networks that take several images alone
        return tuple(several)
    pairs = zip(several, single, strict=True)
    return tuple(
        replace(cost, call_seconds=max(0.0, one.seconds - cost.seconds)) for cost, one in pairs
    )


def forward_seconds(stages: Iterable[StageCost]) -> float:
    """Of one image through these stages."""
    return sum(stage.seconds for stage in stages)


def _timed(classifier: Classifier, inputs: Tensor, device: torch.device) -> list[StageCost]:
    _through(classifier, inputs, device)
    return _through(classifier, inputs, device)


def _through(classifier: Classifier, inputs: Tensor, device: torch.device) -> list[StageCost]:
    found, images = [], len(inputs)
    for name, stage in classifier.named_stages().items():
        with _counted(stage) as layers:
            began = now(device)
            inputs = stage(inputs)
            seconds = now(device) - began
        found.append(
            StageCost(
                name=name,
                seconds=seconds / images,
                call_seconds=0.0,
                activation_bytes=sum(layers) / images,
                weight_bytes=sum(value.nbytes for value in plain_state(stage).values()),
            )
        )
    return found


@contextmanager
def _counted(stage: nn.Module) -> Iterator[list[int]]:
    """The bytes of what each layer gives, in the order in which they are called."""
    layers: list[int] = []

    def note(_module: nn.Module, _inputs: object, output: object) -> None:
        layers.append(_bytes(output))

    leaves = [module for module in stage.modules() if not any(module.children())]
    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    try:
        yield layers
    finally:
        for hook in hooks:
            hook.remove()


def _bytes(output: object) -> int:
    """Of a tensor, or of those in a tuple, which some stages hand on."""
    if isinstance(output, tuple | list):
        return sum(map(_bytes, output))
    return output.nbytes if isinstance(output, Tensor) else 0


def now(device: torch.device) -> float:
    """Seconds of a clock, when all that the device was told is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()
