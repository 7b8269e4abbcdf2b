"""Trains with its run folder on a disk of its own that is too small, as a program of its own.

    unshare --user --map-root-user --mount python -m support.small_disk IMAGES FOLDER SIZE

If the run fails for want of room, the disk is made larger and the run goes on.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import graftwork_datasets
import graftwork_strategies
from graftwork.engine.classifier_info import WEIGHTS_FILE
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import Notice
from graftwork.engine.train import train
from graftwork.plugin_host.loading import build_registry

from . import tiny
from .jobs import small_job


def main(images: str, folder: str, size: str) -> None:
    """Print the warnings, what a failure said, and what weights there are at the end."""
    place = Path(folder)
    _mount(place, f"size={size}")
    said: dict[str, Any] = {"warnings": [], "failed": None}
    try:
        _train(Path(images), place, said["warnings"])
    except TrainingError as error:
        said["failed"] = str(error)
        _mount(place, "remount,size=16m")
        _train(Path(images), place, said["warnings"])
    weights = (place / WEIGHTS_FILE).read_bytes()
    print(json.dumps({**said, "weights": hashlib.sha256(weights).hexdigest()}))


def _mount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place], check=True)


def _train(images: Path, folder: Path, warnings: list[str]) -> None:
    plugins = {"tiny": tiny.PLUGIN, "s": graftwork_strategies, "d": graftwork_datasets}
    running = train(
        small_job(images, "full-fine-tuning", {"epochs": 3}),
        registry=build_registry(plugins.items()),
        folder=folder,
        weights=None,
        resume=True,
        checkpoint_every=0.0,
    )
    for event in running:
        if isinstance(event, Notice) and event.level == "warning":
            warnings.append(event.text)


if __name__ == "__main__":
    main(*sys.argv[1:])
