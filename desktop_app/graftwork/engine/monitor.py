"""How busy the machine is."""

from __future__ import annotations

import time

import psutil
import torch

from .events import LoadSampled

_INTERVAL_S = 1.0
_MIB = 2**20


class LoadMonitor:
    """Samples the load of processor and GPU, at most once a second."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._process = psutil.Process()
        self._last = time.monotonic()
        psutil.cpu_percent()

    def sample(self) -> LoadSampled | None:
        """The load since the last sample, or None if that is less than a second ago."""
        if time.monotonic() - self._last < _INTERVAL_S:
            return None
        self._last = time.monotonic()
        gpu, gpu_memory = self._gpu()
        return LoadSampled(
            cpu_percent=psutil.cpu_percent(),
            memory_mib=self._process.memory_info().rss / _MIB,
            gpu_percent=gpu,
            gpu_memory_mib=gpu_memory,
        )

    def _gpu(self) -> tuple[float | None, float | None]:
        if self._device.type != "cuda":
            return None, None
        return self._utilization(), torch.cuda.memory_reserved(self._device) / _MIB

    def _utilization(self) -> float | None:
        """None where the driver does not tell: parts of a GPU, containers, virtual machines."""
        try:
            return float(torch.cuda.utilization(self._device))
        except Exception:  # NVML's errors are many, and none is worth a run
            return None
