"""How the logits of training steps are computed fastest: fused, compiled, or as they are."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor, nn

from ..evaluating import evaluating
from ..events import Notice
from ..inputs import PhaseInputs
from ..job import TrainingJob
from .compiling import CompiledLogits, Logits, choose_compiling, piece_sizes
from .fusion import Fusion, find_fusion


class StepLogits:
    """Logits (N, classes) of a step's inputs, with gradients."""

    def __init__(self, logits: Logits, fusion: Fusion) -> None:
        self._logits = logits
        self._fusion = fusion

    def __call__(self, inputs: Tensor) -> Tensor:
        """The same as ``PhaseInputs.logits`` but for rounding."""
        with self._fusion.applied():
            return self._logits(inputs)


def step_logits(
    job: TrainingJob,
    stages: nn.Sequential,
    inputs: PhaseInputs,
    device: torch.device,
    *,
    steps: int,
    images: int,
) -> Generator[Notice, None, Logits]:
    """What computes logits in the ``steps`` of a phase, which learns in the last of ``stages``.

    ``images`` are those of a step in this process.
    """
    if not any(p.requires_grad for p in stages.parameters()):
        return inputs.logits
    decision = choose_compiling(job.training.compile, device, steps)
    if decision.on:
        yield _notice(f"Training steps are compiled: {decision.reason}.")
        return CompiledLogits(inputs.logits, piece_sizes(images, job.training.accumulate))
    if job.training.compile == "on":
        yield Notice(level="warning", text=f"Training steps are not compiled: {decision.reason}.")
    if device.type != "cpu":
        return inputs.logits
    fusion = _fusion(stages, inputs)
    if fusion.reason:
        yield _notice(f"Training steps are computed layer by layer: {fusion.reason}.")
    return StepLogits(inputs.logits, fusion)


def _fusion(stages: nn.Sequential, inputs: PhaseInputs) -> Fusion:
    """Found from what reaches the first stage that the inputs go through."""
    entered: list[object] = []
    first = next(stage for stage in stages if any(p.requires_grad for p in stage.parameters()))
    with evaluating(stages), _noting(first, entered), torch.no_grad():
        samples = inputs.train(1)
        inputs.logits(samples.batch(torch.arange(min(2, len(samples.labels)))))
    learning = nn.Sequential(*list(stages)[list(stages).index(first) :])
    if not isinstance(entered[0], Tensor):
        return Fusion(reason="what enters the stages that learn is no single tensor")
    return find_fusion(learning, entered[0])


@contextmanager
def _noting(stage: nn.Module, entered: list[object]) -> Iterator[None]:
    """Copies: the stage may work in place."""
    hook = stage.register_forward_pre_hook(lambda _, inputs: entered.append(deepcopy(inputs[0])))
    try:
        yield
    finally:
        hook.remove()


def _notice(text: str) -> Notice:
    return Notice(level="info", text=text)
