"""Times one step of full fine-tuning: as a tutorial does it, and with each thing that helps.

    python benchmarks/training_step.py [--backbones efficientnet-lite0 resnet18] [--batch 16]

Weights are random, images too: neither changes the time. Every way runs in a process of its own
(what frees memory less often cannot be undone), the ways in turn, round after round; the figure
is the fastest step of all rounds in processor time per thread, so that other work on the machine
counts as little as can be.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from graftwork.engine.device import choose_precision, device_name
from graftwork.engine.heap import keep_heap
from graftwork.engine.speed.fusion import Fusion, find_fusion
from graftwork.plugin_host.loading import load_plugins

RESULT = Path(__file__).parent / "results" / "training_step.json"

WAYS = {
    "tutorial": frozenset[str](),
    "channels last, heap kept": frozenset({"layout"}),
    "+ frozen statistics": frozenset({"layout", "frozen"}),
    "+ fused": frozenset({"layout", "frozen", "fused"}),
    "+ fused optimizer": frozenset({"layout", "frozen", "fused", "optimizer"}),
    "+ bf16": frozenset({"layout", "frozen", "fused", "optimizer", "bf16"}),
    "bf16 without fusing": frozenset({"layout", "frozen", "optimizer", "bf16"}),
}
_CPU = torch.device("cpu")


def main() -> None:
    """Measure all ways, print a table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbones", nargs="+", default=["efficientnet-lite0", "resnet18"])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--way", help="measure this one alone, for the program itself")
    given = parser.parse_args()
    if given.way:
        print(json.dumps(_measure(WAYS[given.way], given)))
        return
    found = {name: _compare(name, given) for name in given.backbones}
    machine = {"processor": device_name(_CPU), "system": platform.system()}
    setting = {"batch": given.batch, "threads": given.threads, "torch": torch.__version__}
    result = {**machine, **setting, "backbones": found}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


def _compare(backbone: str, given: argparse.Namespace) -> dict[str, dict[str, float]]:
    ways = _ways_here()
    rounds = [
        {way: _in_own_process(backbone, way, given) for way in ways} for _ in range(given.rounds)
    ]
    fastest = {way: min(times[way] for times in rounds) for way in ways}
    table = {
        way: {
            "images_per_second": round(given.batch / seconds, 1),
            "ratio": round(fastest["tutorial"] / seconds, 2),
        }
        for way, seconds in fastest.items()
    }
    for way, figures in table.items():
        print(f"{backbone:22}{way:28}{figures['images_per_second']:8} /s {figures['ratio']:6}")
    return table


def _ways_here() -> list[str]:
    """Those in bf16 only where the processor has it: where it is imitated they take minutes."""
    chosen = choose_precision("auto", _CPU, nn.Sequential())
    return [way for way, parts in WAYS.items() if chosen.name == "bf16" or "bf16" not in parts]


def _in_own_process(backbone: str, way: str, given: argparse.Namespace) -> float:
    numbers = {name: str(getattr(given, name)) for name in ("batch", "steps", "threads")}
    options = [word for name, value in numbers.items() for word in (f"--{name}", value)]
    command = [sys.executable, __file__, "--backbones", backbone, "--way", way, *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def _measure(way: frozenset[str], given: argparse.Namespace) -> float:
    """Seconds of processor time per thread of the fastest step."""
    if "layout" in way:
        keep_heap()
    torch.set_num_threads(given.threads)
    step = _step(given.backbones[0], way, given.batch)
    step()
    return min(_seconds(step) for _ in range(given.steps)) / given.threads


def _seconds(step: Callable[[], None]) -> float:
    began = time.process_time()
    step()
    return time.process_time() - began


def _step(backbone: str, way: frozenset[str], batch: int) -> Callable[[], None]:
    plugin = load_plugins().backbone(backbone)
    stages, size = plugin.build(None), plugin.preprocessing.size
    network = nn.Sequential(stages, nn.Linear(plugin.features, 10)).train()
    images = torch.randn(batch, 3, size, size)
    if "layout" in way:
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    for part in network.modules() if "frozen" in way else ():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()
    fusion = find_fusion(network, images[:2]) if "fused" in way else Fusion()
    return _bound(network, images, fusion, way)


def _bound(
    network: nn.Module, images: torch.Tensor, fusion: Fusion, way: frozenset[str]
) -> Callable[[], None]:
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused="optimizer" in way or None)
    labels = torch.arange(len(images)) % 10

    def step() -> None:
        arithmetic = torch.autocast("cpu", torch.bfloat16) if "bf16" in way else nullcontext()
        with arithmetic, fusion.applied():
            logits = network(images)
        optimizer.zero_grad()
        functional.cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
