"""Trains on image folders by the command line and writes a table of test accuracies.

    python benchmarks/accuracy.py bees=FOLDER solar=labels.csv --strategy feature-extraction \
        --seeds 5 --set path_column=1 --name frozen

One result file for each call; ``--table`` prints all result files as one table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure, or print what was measured."""
    wanted = _arguments()
    if wanted.table:
        print("\n".join(_table()))
        return
    RESULTS.mkdir(exist_ok=True)
    for place in wanted.data:
        name, _, path = place.partition("=")
        _measure(name, path, wanted)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", metavar="NAME=PATH")
    parser.add_argument("--strategy", default="feature-extraction")
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--name", default="", help="what tells this result from others")
    parser.add_argument("--table", action="store_true", help="print all results")
    return parser.parse_args()


def _measure(name: str, path: str, wanted: argparse.Namespace) -> None:
    runs = []
    for seed in range(wanted.seeds):
        runs.append(_run(path, wanted, seed))
        print(name, wanted.strategy, runs[-1], flush=True)
    result = {
        "data": name,
        "strategy": wanted.strategy,
        "backbone": wanted.backbone,
        "settings": wanted.set,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "runs": runs,
    }
    file = RESULTS / f"accuracy-{name}-{wanted.strategy}{wanted.name and '-' + wanted.name}.json"
    file.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


def _run(path: str, wanted: argparse.Namespace, seed: int) -> dict[str, Any]:
    settings = [word for pair in (*wanted.set, f"seed={seed}") for word in ("--set", pair)]
    call = [sys.executable, "-m", "graftwork", "train", path, "--json"]
    began = time.perf_counter()
    done = subprocess.run(
        [*call, "--strategy", wanted.strategy, "--backbone", wanted.backbone, *settings],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - began
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    return {"seed": seed, "seconds": round(seconds, 1), **_figures(documents)}


def _figures(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures on the test images, and how many images each part had."""
    ready = next(d for d in documents if d["kind"] == "data-ready")
    parts = {part: ready[part] for part in ("train", "validation", "test")}
    figures = documents[-1]["figures"]
    return {**{name: round(figure["value"], 4) for name, figure in figures.items()}, **parts}


def _table() -> Iterator[str]:
    yield "| data | strategy | settings | test images | accuracy | macro F1 | seeds | seconds |"
    yield "|---|---|---|---|---|---|---|---|"
    for file in sorted(RESULTS.glob("accuracy-*.json")):
        yield _row(json.loads(file.read_text("utf-8")))


def _row(result: dict[str, Any]) -> str:
    runs = result["runs"]
    cells = (
        result["data"],
        result["strategy"],
        ", ".join(result["settings"]) or "defaults",
        str(runs[0]["test"]),
        _spread([run["accuracy"] for run in runs]),
        _spread([run["macro_f1"] for run in runs]),
        str(len(runs)),
        f"{statistics.median(run['seconds'] for run in runs):.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _spread(values: list[float]) -> str:
    mean = statistics.fmean(values)
    return f"{mean:.3f} ± {statistics.stdev(values):.3f}" if len(values) > 1 else f"{mean:.3f}"


if __name__ == "__main__":
    main()
