"""Says what a run is thought to cost, and what it has cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import torch

from graftwork.data.cache_folder import CacheFolder
from graftwork.paths import activations_folder

from ..errors import TrainingError
from ..events import CostEstimated, CostMeasured, Notice, Progress
from ..frozen.store import LIMIT
from ..planning import Planned
from ..setup import TrainingSetup
from .estimate import Cost, estimate

_MIB = 2**20


def tell_estimate(
    setup: TrainingSetup, plan: Callable[[], Planned]
) -> Generator[Progress | CostEstimated | Notice, None, Cost | None]:
    """The estimate as events; None where the strategy cannot say what it will do."""
    yield Progress(what="Trying out how long it will take", done=0, total=0)
    try:
        cost = estimate(setup, plan)
    except TrainingError:
        return None
    yield CostEstimated(**_figures(cost))
    yield Notice(level="info", text=f"This will take at most about {in_words(cost)}.")
    return cost


def tell_measured(
    estimated: Cost | None, began: float, folder: Path
) -> Generator[CostMeasured | Notice, None, None]:
    """What it has cost since ``began`` (of ``time.monotonic``), beside what was estimated."""
    cost = Cost(
        seconds=time.monotonic() - began,
        memory_bytes=_peak_memory() + torch.cuda.max_memory_reserved(),
        disk_bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        cache_bytes=_cached_since(began),
    )
    yield CostMeasured(**_figures(cost))
    if estimated:
        text = (
            f"From the estimate to the end it took {in_words(cost)}; estimated were "
            f"{in_words(estimated)}."
        )
        yield Notice(level="info", text=text)


def in_words(cost: Cost) -> str:
    """Time, memory and disk for a person."""
    memory, disk, cache = (
        f"{size / _MIB:,.0f} MiB" for size in (cost.memory_bytes, cost.disk_bytes, cost.cache_bytes)
    )
    kept = f"{disk} of disk and {cache} of cache"
    return f"{_duration(cost.seconds)}, {memory} of memory, {kept}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _figures(cost: Cost) -> dict[str, float]:
    return {
        "seconds": cost.seconds,
        "memory_mib": cost.memory_bytes / _MIB,
        "disk_mib": cost.disk_bytes / _MIB,
        "cache_mib": cost.cache_bytes / _MIB,
    }


def _cached_since(began: float) -> int:
    """What this process kept of frozen stages since ``began`` (of ``time.monotonic``)."""
    cache = CacheFolder(activations_folder(), LIMIT)
    return cache.written_since(time.time() - (time.monotonic() - began))


def _peak_memory() -> float:
    """The most that the process ever held, in bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return float(getattr(psutil.Process().memory_info(), "peak_wset", 0))
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)
