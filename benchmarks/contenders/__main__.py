"""Runs the part that a JSON file describes and prints what it measured, as the last line.

    python -m contenders PART.json

Threads, PYTHONPATH and the memory allocator's settings come from the environment.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .clock import Clock
from .part import Outcome, Part
from .table import read

_MODULES = {"plain": "plain", "fastai": "fastai_learner", "graftwork": "ours"}
_PACKAGES = ("torch", "torchvision", "fastai", "pillow", "numpy", "graftwork")


def main() -> None:
    """Import, run, measure."""
    part = Part(**json.loads(Path(sys.argv[1]).read_text("utf-8")))
    began = time.perf_counter()
    contender = import_module(f"contenders.{_MODULES[part.contender.split('-')[0]]}")
    import_module("torch._dynamo")  # the first optimizer would import it
    import_seconds = time.perf_counter() - began
    _keep_to_threads(part.threads)
    clock = Clock(epochs=part.epochs, budget_s=part.budget_s)
    found = contender.run(part, clock)
    seconds = clock.total_seconds()
    if clock.stopped:
        found = {**found, "accuracy": None, "macro_f1": None}
    outcome = Outcome(
        seconds=seconds,
        import_seconds=import_seconds,
        epochs_run=len(clock.epoch_seconds) or part.epochs,
        epoch_seconds=clock.epoch_seconds,
        training_images=sum(row.part == "train" for row in read(part.table)),
        peak_mib=_peak_mib(resource.RUSAGE_SELF),
        loader_peak_mib=_peak_mib(resource.RUSAGE_CHILDREN) if contender.LOADERS else 0.0,
        versions=_versions(),
        **found,
    )
    print("\n" + json.dumps(outcome.as_json()))


def _keep_to_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def _peak_mib(whose: int) -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(whose).ru_maxrss / unit


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0], "cpus": str(os.cpu_count())}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
