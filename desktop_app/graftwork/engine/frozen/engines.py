"""Chooses the engine of the frozen pass by a rule, and proves it on the user's images."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ..classifier import Classifier
from ..training_settings import FrozenPassChoice
from .exported import has_openvino, onnx_runtime_pass, openvino_pass
from .passes import FrozenPass, batch_for, torch_pass
from .probing import Boundary, Probe

EXACT = 1e-4
"""The largest relative error of an engine in single precision, of any of the images tried."""

ROUNDED = 0.15
"""The largest relative error in bf16, whose numbers have 8 bits, of any of the images tried.

Linear heads on EfficientNet-Lite0's features with errors up to 0.12 were as accurate as on exact
ones (bee_pollen 0.938 and 0.937, sign_digits 0.901 and 0.902, four folds, three seeds).
"""

_WORTH_EXPORTING = 3e11
"""Floating-point operations a thread from which another engine earns what its start costs.

That is about a second; torch needs some four for so many operations, the others a third less.
"""

_logger = logging.getLogger(__name__)

_Builder = Callable[[Classifier, tuple[int, ...], int], FrozenPass]

_BUILDERS: Mapping[str, _Builder] = {
    "torch": torch_pass,
    "torch-plain": partial(torch_pass, fold=False),
    "torch-bf16": partial(torch_pass, dtype=torch.bfloat16),
    "onnxruntime": lambda classifier, outlets, batch: onnx_runtime_pass(
        classifier, outlets[-1], batch
    ),
    "openvino": lambda classifier, outlets, batch: openvino_pass(classifier, outlets[-1], batch),
    "openvino-bf16": lambda classifier, outlets, batch: openvino_pass(
        classifier, outlets[-1], batch, bf16=True
    ),
}


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """The engines to try, in this order, and why the first is not what was asked for."""

    names: tuple[str, ...]
    warning: str | None = None


def choose_engines(
    wanted: FrozenPassChoice, device: torch.device, operations: int, *, tapped: bool = False
) -> EngineChoice:
    """The engines for so many floating-point operations in all; facts decide, never a clock.

    If what the pass gives on the way will be needed, an engine that can be ``tapped`` is fastest.
    """
    if wanted == "auto":
        return _first("torch" if tapped else _fastest_exact(device, operations))
    if device.type != "cpu" and not wanted.startswith("torch"):
        return _first("torch", f"{wanted} computes on the processor alone")
    if wanted.startswith("openvino") and not has_openvino():
        return _first("torch", "OpenVINO is not installed (pip install graftwork[openvino])")
    return _first(wanted)


def _first(name: str, warning: str | None = None) -> EngineChoice:
    names = dict.fromkeys((name, "torch", "torch-plain"))
    return EngineChoice(names=tuple(names), warning=warning)


def _fastest_exact(device: torch.device, operations: int) -> str:
    if device.type != "cpu" or operations < _WORTH_EXPORTING * torch.get_num_threads():
        return "torch"
    return "openvino" if has_openvino() else "onnxruntime"


def exact_engines() -> tuple[str, ...]:
    """Those that are installed and compute in single precision."""
    return tuple(
        name
        for name in _BUILDERS
        if is_exact(name) and (has_openvino() or not name.startswith("openvino"))
    )


def is_exact(engine: str) -> bool:
    """Whether the engine computes in single precision."""
    return not engine.endswith("bf16")


def outlets_of(
    engine: str, device: torch.device, taps: Sequence[Boundary], boundary: Boundary
) -> tuple[int, ...]:
    """Where the engine is tapped: only where a pass that ends there would give the same bits.

    A graph with further outputs would round otherwise, and so may batches of another size.
    """

    def batch(of: Boundary) -> int:
        return batch_for(engine, device, of.operations)

    alike = [tap.stages for tap in taps if batch(tap) == batch(boundary)]
    return (*alike, boundary.stages) if engine.startswith("torch") else (boundary.stages,)


def build_pass(
    engine: str, classifier: Classifier, outlets: tuple[int, ...], probe: Probe
) -> FrozenPass | str:
    """The pass, or why it cannot be used: it fails, or errs on the probe's images.

    "torch-plain" is what others are measured by: it is used whatever it gives.
    """
    stages = outlets[-1]
    batch = batch_for(engine, classifier.mean.device, probe.boundaries[stages - 1].operations)
    try:
        built = _BUILDERS[engine](classifier, outlets, batch)
        (*_, found) = built(probe.pixels)
    except Exception as error:
        _logger.info("Engine %s failed", engine, exc_info=True)
        return f"it cannot compute this network ({type(error).__name__})"
    bound = EXACT if is_exact(engine) else ROUNDED
    error_found = relative_error(found, probe.outputs[stages - 1].cpu())
    if error_found <= bound or engine == "torch-plain":
        return built
    return f"its relative error on your images is {error_found:.2g}, more than {bound:g}"


def relative_error(found: Tensor, expected: Tensor) -> float:
    """The length of the difference over that of what is expected, of the worst image."""
    difference = (found - expected).flatten(1).norm(dim=1)
    errors = difference / expected.flatten(1).norm(dim=1).clamp_min(1e-12)
    return float(errors.max())
