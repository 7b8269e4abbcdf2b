"""Whether training steps are compiled, by a rule, and steps that go on where compiling fails.

On a processor ``torch.compile`` did not pay: EfficientNet-Lite0 became as fast by it as it is
without, through ``speed.fusion``, and ConvNeXt-Tiny 1.03 times as fast, after a minute or more of
compiling on two cores. On a GPU it was not tried; the rule takes it that a minute of compiling is
saved in 2000 steps there.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch._functorch import config as functorch_config

from graftwork.engine.training_settings import CompileChoice
from graftwork.memory import is_out_of_memory

_STEPS_THAT_PAY = 2000

Logits = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class CompileDecision:
    """Whether a phase's steps are compiled, and why."""

    on: bool
    reason: str


def choose_compiling(wanted: CompileChoice, device: torch.device, steps: int) -> CompileDecision:
    """The decision for a phase of at most ``steps`` steps, the same on every run of a job."""
    if wanted == "off":
        return CompileDecision(on=False, reason="as asked for")
    if not _has_compiler(device):
        return CompileDecision(on=False, reason="no compiler was found on this machine")
    if wanted == "on":
        return CompileDecision(on=True, reason="as asked for")
    if device.type != "cuda":
        return CompileDecision(on=False, reason="on this device it takes longer than it saves")
    if steps < _STEPS_THAT_PAY:
        reason = f"it takes longer than it saves in less than {_STEPS_THAT_PAY} steps"
        return CompileDecision(on=False, reason=reason)
    return CompileDecision(on=True, reason=f"it pays in the {steps} steps of this phase")


def piece_sizes(images: int, accumulate: int) -> list[int]:
    """How many images each piece of a step has: two at least, since norms cannot follow one."""
    pieces = max(1, min(accumulate, images // 2))
    size, larger = divmod(images, pieces)
    return [size + 1] * larger + [size] * (pieces - larger)


class CompiledLogits:
    """Logits of batches of one of these sizes, compiled; those of others, as they are.

    The last batch of an epoch, which may be smaller, would be compiled once more. Where compiling
    fails, all go on as they are, and ``failure`` says why.
    """

    def __init__(self, logits: Logits, sizes: Collection[int], backend: Any = "inductor") -> None:
        self.failure: str | None = None
        self._plain = logits
        self._sizes = frozenset(sizes)
        torch.compiler.reset()  # else torch gives up, silently, where phases are many
        self._compiled: Logits = torch.compile(logits, dynamic=False, backend=backend)

    def __call__(self, inputs: Tensor) -> Tensor:
        """The logits (N, classes) of inputs (N, ...)."""
        if self.failure is not None or len(inputs) not in self._sizes:
            return self._plain(inputs)
        try:
            # The way back is compiled with the way there: its failure would come too late.
            with functorch_config.patch(force_non_lazy_backward_lowering=True):
                return self._compiled(inputs)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            self.failure = _in_a_line(error)
            return self._plain(inputs)


def _in_a_line(error: Exception) -> str:
    """What the compiler said, or else the error around it."""
    cause = getattr(error, "inner_exception", error)
    line = str(cause).strip().partition("\n")[0]
    return f"{type(cause).__name__}: {line}"


def _has_compiler(device: torch.device) -> bool:
    if device.type == "cuda":
        return find_spec("triton") is not None
    names = ("cl",) if platform.system() == "Windows" else ("g++", "clang++")
    return any(shutil.which(name) for name in names)
