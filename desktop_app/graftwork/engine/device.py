"""Chooses where to compute and in which arithmetic, and says why."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import nn

from .errors import TrainingError
from .repeating import compute_alike
from .speed.chains import can_replace
from .speed.depthwise import is_depthwise
from .training_settings import Device, Precision

_X86 = {"bf16": ("avx512_bf16", "amx_bf16"), "fp16": ("avx512_fp16", "amx_fp16")}
_ARM = {"bf16": ("bf16", "sve_bf16"), "fp16": ("fp16_arith",)}
"""What torch calls the units of a processor that compute products in an arithmetic."""


@dataclass(frozen=True, kw_only=True)
class PrecisionChoice:
    """The arithmetic of training steps (None: plain fp32) and the reason for it.

    ``slow``: the device can only imitate it.
    """

    name: str
    dtype: torch.dtype | None
    reason: str
    slow: bool = False


def choose_device(wanted: Device) -> torch.device:
    """The wanted device, or the fastest one found; ``TrainingError`` if it is not there.

    What it computes from then on repeats, as far as torch has a way to do so.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    found = [name for name, is_there in there.items() if is_there and _works(name)]
    if wanted in there and wanted not in found:
        msg = (
            f"No {wanted} device that this PyTorch can use was found on this machine; choose "
            "device=auto or device=cpu."
        )
        raise TrainingError(msg)
    device = torch.device(next(iter(found), "cpu") if wanted == "auto" else wanted)
    compute_alike(device)
    return device


def _works(name: str) -> bool:
    """Whether torch was built for it: it finds GPUs, too, that are too old for its kernels."""
    try:
        return bool(torch.ones(1, device=name).add(1).item() == 2)
    except RuntimeError:
        return False


def device_name(device: torch.device) -> str:
    """What a person calls the device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    processor = f"{torch.cpu.get_capabilities().get('cpu_name') or name}"
    return f"{processor} (GPU)" if device.type == "mps" else processor


def full_precision(reason: str) -> PrecisionChoice:
    """Plain fp32."""
    return PrecisionChoice(name="fp32", dtype=None, reason=reason)


def choose_precision(
    wanted: Precision, device: torch.device, stages: nn.Sequential
) -> PrecisionChoice:
    """The arithmetic of training steps on this device with this backbone."""
    if wanted != "auto":
        return _as_asked_for(wanted, device)
    if device.type == "cuda":
        name = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        return _named(name, "the GPU computes it fastest")
    if device.type == "mps":
        return full_precision("mixed precision is not yet reliable on this device")
    return _on_processor(stages)


def _on_processor(stages: nn.Sequential) -> PrecisionChoice:
    """What is fastest there, as far as it was measured.

    With bf16 units of x86 every kind of network was 1.4 to 2 times as fast in bf16, once
    ``speed.fusion`` takes care of depthwise convolutions; where it cannot, 10 times as slow.
    """
    if not _processor_has("bf16"):
        return full_precision("the processor has no bf16 arithmetic")
    if not _has_unit(_X86["bf16"]):
        return full_precision("whether bf16 gains was not tried on processors of this kind")
    if _has_slow_convolution(stages):
        return full_precision("depthwise convolutions with gaps are slow in bf16 on a processor")
    return _named("bf16", "the processor has bf16 arithmetic and the network gains by it")


def _as_asked_for(name: str, device: torch.device) -> PrecisionChoice:
    if device.type != "cpu" or name == "fp32" or _processor_has(name):
        return _named(name, "as asked for")
    reason = (
        f"as asked for, but this processor has no {name} arithmetic, so that they may take more "
        "than ten times as long as in fp32"
    )
    return replace(_named(name, reason), slow=True)


def _named(name: str, reason: str) -> PrecisionChoice:
    dtypes = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
    return PrecisionChoice(name=name, dtype=dtypes[name], reason=reason)


def _processor_has(name: str) -> bool:
    """Whether it computes products of matrices in this arithmetic."""
    return _has_unit(_X86[name] + _ARM[name])


def _has_unit(names: Iterable[str]) -> bool:
    abilities = torch.cpu.get_capabilities()
    return any(abilities.get(name) for name in names)


def _has_slow_convolution(stages: nn.Sequential) -> bool:
    convolutions = (m for m in stages.modules() if isinstance(m, nn.Conv2d))
    return any(
        is_depthwise(convolution.weight, convolution.groups)
        and not (can_replace(convolution) and convolution.dilation == (1, 1))
        for convolution in convolutions
    )
