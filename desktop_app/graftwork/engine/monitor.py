"""How busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing

import psutil
import torch

from .events import LoadSampled, TrainingEvent

_INTERVAL_S = 1.0
_MIB = 2**20


def with_load(
    events: Generator[TrainingEvent, None, None], device: torch.device
) -> Generator[TrainingEvent, None, None]:
    """The events, and before some of them how busy the machine is; the last stays the last."""
    monitor = LoadMonitor(device)
    with closing(events):
        for event in events:
            sample = monitor.sample()
            if sample is not None:
                yield sample
            yield event


class LoadMonitor:
    """Samples the load of processor and GPU, at most once a second."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._process = psutil.Process()
        self._began = self._last = time.monotonic()
        psutil.cpu_percent()

    def sample(self) -> LoadSampled | None:
        """The load since the last sample, or None if that is less than a second ago."""
        if time.monotonic() - self._last < _INTERVAL_S:
            return None
        self._last = time.monotonic()
        gpu, gpu_memory = self._gpu()
        return LoadSampled(
            seconds=self._last - self._began,
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
