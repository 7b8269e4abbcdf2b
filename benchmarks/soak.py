"""Kills a training again and again, lets it go on, and compares its end with an undisturbed run.

    python benchmarks/soak.py FOLDER [--strategy top-stages] [--set epochs=6] [--kills 50]

Both runs are the command line, in processes and a home of their own. The disturbed one is killed
(SIGKILL) after a random time between ``--shortest`` and ``--longest`` seconds, start and imports
included, and goes on with ``graftwork resume``, until it was killed often enough and may end. The
weights of both must be the same file, and what each epoch reached the same numbers.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent / "results" / "soak.json"

_TIMES = {"seconds", "images_per_second"}


def main() -> None:
    """Train both runs, compare them, print and write what was seen."""
    given = _arguments()
    with tempfile.TemporaryDirectory("", "graftwork-soak-") as place:
        undisturbed, disturbed = Path(place) / "undisturbed", Path(place) / "disturbed"
        began = time.monotonic()
        _end(_started(undisturbed, _train(given)))
        alone = time.monotonic() - began
        lives = _disturbed(disturbed, given)
        result = {
            **_setting(given),
            "seconds_undisturbed": round(alone, 1),
            "kills": sum(life["killed"] for life in lives),
            "kills_that_left_an_unfinished_file": sum(life["unfinished_files"] for life in lives),
            "seconds_disturbed": round(sum(life["seconds"] for life in lives), 1),
            "same_weights": _weights(undisturbed) == _weights(disturbed),
            "same_epochs": _epochs(undisturbed) == _epochs(disturbed),
        }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))
    sys.exit(not (result["same_weights"] and result["same_epochs"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--strategy", default="top-stages")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--shortest", type=float, default=5)
    parser.add_argument("--longest", type=float, default=70)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    return parser.parse_args()


def _setting(given: argparse.Namespace) -> dict[str, Any]:
    return {
        "images": "/".join(given.folder.parts[-2:]),
        "strategy": given.strategy,
        "settings": given.settings,
    }


def _train(given: argparse.Namespace) -> list[str]:
    settings = [word for setting in given.settings for word in ("--set", setting)]
    return ["train", str(given.folder), "--strategy", given.strategy, *settings]


def _disturbed(home: Path, given: argparse.Namespace) -> list[dict[str, Any]]:
    """One life after the other, until one is not killed."""
    moments, lives = random.Random(given.seed), list[dict[str, Any]]()
    while not lives or lives[-1]["killed"]:
        words = ["resume", "last"] if _runs(home) else _train(given)
        process, began = _started(home, words), time.monotonic()
        spared = len(lives) >= given.kills
        killed = not spared and _kill(process, moments.uniform(given.shortest, given.longest))
        if not killed:
            _end(process)
        seconds = time.monotonic() - began
        life = {"killed": killed, "unfinished_files": _has_unfinished(home), "seconds": seconds}
        lives.append(life)
        print(f"life {len(lives)}: {seconds:.0f} s, {'killed' if killed else 'ended'}", flush=True)
    return lives


def _started(home: Path, words: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "graftwork", *words],
        env=_environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _environment(home: Path) -> Mapping[str, str]:
    return {**os.environ, "GRAFTWORK_HOME": str(home)}


def _kill(process: subprocess.Popen[str], seconds: float) -> bool:
    """Whether it was still at work after so many seconds."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


def _end(process: subprocess.Popen[str]) -> None:
    _, said = process.communicate()
    if process.returncode:
        sys.exit(f"The run failed: {said}")


def _runs(home: Path) -> list[Path]:
    runs = home / "runs"
    return [place for place in runs.iterdir() if place.is_dir()] if runs.is_dir() else []


def _has_unfinished(home: Path) -> bool:
    return any(True for run in _runs(home) for _ in run.rglob("*.part"))


def _weights(home: Path) -> str:
    (run,) = _runs(home)
    return hashlib.sha256((run / "best.safetensors").read_bytes()).hexdigest()


def _epochs(home: Path) -> list[dict[str, str]]:
    (run,) = _runs(home)
    with (run / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if k not in _TIMES} for row in csv.DictReader(file)]


if __name__ == "__main__":
    main()
