"""Times training steps of a run against a bare loop whose data is on the device already.

    python benchmarks/device_step.py --device cuda [--backbone efficientnet-lite0] [--batch 64]
    python benchmarks/device_step.py --device cpu --images 96 --batch 8 --rounds 1     # a trial

Ours is full fine-tuning as the window does it, from images in their memory map, by `train`; the
bare loop is the same network in the same arithmetic, with frozen batch statistics, too,
channels_last, compiled (unless ``--compile off``) and with a fused optimizer, over one batch that
lies on the device. Both are processes of their own, in turn. Every figure is the median over the
steps after the first epoch, in which things are compiled and tried; the ratio is the median over
rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from graftwork.app import make_workshop
from graftwork.engine.device import choose_device, choose_precision, device_name
from graftwork.engine.heap import keep_heap
from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import Backbone

RESULT = Path(__file__).parent / "results" / "device_step.json"

_CLASSES = 2
_EPOCHS = 3
_SIDE = 64  # of the files: decoded once, they cost the steps nothing


def main() -> None:
    """Measure both in turn, print the ratio and write the figures."""
    wanted = _arguments()
    if wanted.only:
        print(json.dumps(_MEASURES[wanted.only](wanted)))
        return
    rounds = [
        {way: _in_own_process(way, wanted) for way in _MEASURES} for _ in range(wanted.rounds)
    ]
    result = {**_setting(wanted), **_figures(rounds), "rounds": rounds}
    print(f"bare {result['bare']:.1f} images/s, ours {result['ours']:.1f}: {result['ratio']:.2f}")
    wanted.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--images", type=int, default=3200, help="that train, in an epoch")
    parser.add_argument("--augmentation", default="none", choices=["none", "light", "strong"])
    parser.add_argument("--compile", default="on", choices=["off", "on"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--only", choices=list(_MEASURES), help="for the program itself")
    return parser.parse_args()


def _round(wanted: argparse.Namespace) -> dict[str, float]:
    return {way: _in_own_process(way, wanted) for way in _MEASURES}


def _in_own_process(way: str, wanted: argparse.Namespace) -> float:
    """Images a second."""
    names = "device", "backbone", "batch", "images", "augmentation", "compile"
    options = [f"--{name}={getattr(wanted, name)}" for name in names]
    with tempfile.TemporaryDirectory(prefix="graftwork-step-") as folder:
        done = subprocess.run(
            [sys.executable, __file__, *options, f"--only={way}"],
            env={**os.environ, "GRAFTWORK_HOME": str(Path(folder) / "home")},
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return float(done.stdout.splitlines()[-1])


def _setting(wanted: argparse.Namespace) -> dict[str, Any]:
    device = choose_device(wanted.device)
    names = "backbone", "batch", "images", "augmentation", "compile"
    chosen = {name: getattr(wanted, name) for name in names}
    return {"device": device_name(device), "torch": torch.__version__, **chosen}


def _figures(rounds: list[dict[str, float]]) -> dict[str, float]:
    medians = {way: statistics.median(each[way] for each in rounds) for way in _MEASURES}
    ratio = statistics.median(each["ours"] / each["bare"] for each in rounds)
    return {**{way: round(speed, 1) for way, speed in medians.items()}, "ratio": round(ratio, 3)}


def _ours(wanted: argparse.Namespace) -> float:
    """Images a second of the run's own events, in the epochs after the first."""
    job = TrainingJob(
        data=DataSettings(path=_make_folder(Path.cwd() / "images", wanted.images, wanted.batch)),
        backbone=wanted.backbone,
        strategy="full-fine-tuning",
        strategy_settings={"epochs": _EPOCHS, "patience": None},
        training=TrainingSettings(
            device=wanted.device,
            batch_size=wanted.batch,
            augmentation=wanted.augmentation,
            compile=wanted.compile,
        ),
    )
    speeds = [
        event.images_per_second
        for event in make_workshop().train(job)
        if event.kind == "step-done" and event.epoch > 1
    ]
    return statistics.median(speeds)


def _make_folder(root: Path, training: int, batch: int) -> Path:
    """Noise in class folders below parts that the reader respects."""
    random = np.random.default_rng(0)
    for part, images in {"train": training, "val": batch, "test": _CLASSES}.items():
        for number in range(images):
            folder = root / part / f"class {number % _CLASSES}"
            folder.mkdir(parents=True, exist_ok=True)
            pixels = random.integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png", compress_level=0)
    return root


def _bare(wanted: argparse.Namespace) -> float:
    """Images a second of a loop that does nothing but learn."""
    keep_heap()
    device = choose_device(wanted.device)
    step = _bare_step(make_workshop().registry.backbone(wanted.backbone), device, wanted)
    steps = max(1, wanted.images // wanted.batch)
    for _ in range(steps):
        step()
    return wanted.batch / statistics.median(_seconds(step, device, steps * (_EPOCHS - 1)))


def _bare_step(
    backbone: Backbone, device: torch.device, wanted: argparse.Namespace
) -> Callable[[], None]:
    stages, size = backbone.build(None), backbone.preprocessing.size
    precision = choose_precision("auto", device, stages)
    network: nn.Module = nn.Sequential(stages, nn.Linear(backbone.features, _CLASSES))
    network = network.to(device, memory_format=torch.channels_last).train()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()  # as the strategy has it
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    compiled = torch.compile(network) if wanted.compile == "on" else network
    images = torch.randn(wanted.batch, 3, size, size, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(wanted.batch, device=device) % _CLASSES

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device.type, precision.dtype, enabled=precision.dtype is not None):
            logits = compiled(images)
        functional.cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return step


_AT_ONCE = 10


def _seconds(step: Callable[[], None], device: torch.device, steps: int) -> Iterator[float]:
    """Of one step, over ten at a time: the processor need not wait for the device after each."""
    at_once = min(_AT_ONCE, steps)
    for _ in range(steps // at_once):
        began = _now(device)
        for _ in range(at_once):
            step()
        yield (_now(device) - began) / at_once


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


_MEASURES: dict[str, Callable[[argparse.Namespace], float]] = {"bare": _bare, "ours": _ours}

if __name__ == "__main__":
    main()
