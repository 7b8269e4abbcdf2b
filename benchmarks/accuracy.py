"""Trains every strategy on image folders and writes tables of test accuracies.

    python benchmarks/accuracy.py elpv bees=FOLDER digits=FOLDER --docs

Each cell (images, strategy, seed) is the command line in a process of its own, with the
strategy's defaults but for ``--set``. What is in ``benchmarks/results`` already, measured with the
same settings, is skipped, so that a run can go on where it was ended; the first seed of everything
comes first. ``elpv`` is read from its installed package: functional (0) against defective (2/3
and 1), a quarter of the images for testing. ``--table`` prints all results, ``--docs`` puts them
into docs/results.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docs_part import put_into_docs

RESULTS = Path(__file__).parent / "results"
DOCS = Path(__file__).parents[1] / "docs" / "results.md"

_ELPV_LABELS = {"0.0": "functional", "1.0": "defective", "0.6666666666666666": "defective"}
_ELPV_SETTINGS = (
    "path_column=1",
    "label_column=2",
    f"labels={json.dumps(_ELPV_LABELS)}",
    "test=0.25",
    "validation=0.1",
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one result file holds, seed by seed."""

    data: str
    path: str
    strategy: str
    backbone: str
    settings: tuple[str, ...]
    name: str

    @property
    def file(self) -> Path:
        """Where its results are kept."""
        ending = f"-{self.name}" if self.name else ""
        return RESULTS / f"accuracy-{self.data}-{self.strategy}{ending}.json"


def main() -> None:
    """Measure what is missing, and show what was measured."""
    wanted = _arguments()
    RESULTS.mkdir(exist_ok=True)
    if not wanted.table:
        for seed in range(wanted.seeds):
            for cell in _cells(wanted):
                _measure(cell, seed, wanted.budget)
    table = "\n".join(_table())
    print(table)
    if wanted.docs:
        put_into_docs(DOCS, "accuracy", table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", metavar="elpv | NAME=PATH")
    parser.add_argument("--strategy", action="append", help="may be repeated; else all")
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--name", default="", help="what tells this result from others")
    parser.add_argument("--budget", type=float, default=7200, help="seconds for one process")
    parser.add_argument("--table", action="store_true", help="only show what was measured")
    parser.add_argument("--docs", action="store_true", help=f"put the table into {DOCS.name}")
    return parser.parse_args()


def _cells(wanted: argparse.Namespace) -> Iterator[Cell]:
    for strategy in wanted.strategy or _all_strategies():
        for place in wanted.data:
            name, _, path = place.partition("=")
            given = _ELPV_SETTINGS if name == "elpv" and not path else ()
            yield Cell(
                data=name,
                path=path or _elpv_table(),
                strategy=strategy,
                backbone=wanted.backbone,
                settings=(*given, *wanted.set),
                name=wanted.name,
            )


def _all_strategies() -> list[str]:
    from graftwork.app import make_workshop

    return list(make_workshop().registry.strategies)


def _elpv_table() -> str:
    found = find_spec("elpv_dataset")
    if found is None or found.origin is None:
        raise SystemExit("ELPV needs its package: pip install elpv-dataset")
    return str(Path(found.origin).parent / "data" / "labels.csv")


def _measure(cell: Cell, seed: int, budget_s: float) -> None:
    result = _kept(cell)
    if any(run["seed"] == seed for run in result["runs"]):
        return
    try:
        run = _run(cell, seed, budget_s)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(cell.data, cell.strategy, seed, "failed:", _last_line(error), flush=True)
        return
    print(cell.data, cell.strategy, run, flush=True)
    result["runs"] = sorted([*result["runs"], run], key=lambda one: int(one["seed"]))
    unfinished = cell.file.with_suffix(".part")
    unfinished.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    unfinished.replace(cell.file)


def _kept(cell: Cell) -> dict[str, Any]:
    """What was measured of the cell, if with the same settings, and else nothing."""
    fresh = {
        "data": cell.data,
        "strategy": cell.strategy,
        "backbone": cell.backbone,
        "settings": list(cell.settings),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "runs": [],
    }
    if not cell.file.exists():
        return fresh
    kept: dict[str, Any] = json.loads(cell.file.read_text("utf-8"))
    same = all(kept[name] == fresh[name] for name in ("backbone", "settings"))
    return kept if same else fresh


def _run(cell: Cell, seed: int, budget_s: float) -> dict[str, Any]:
    settings = [word for pair in (*cell.settings, f"seed={seed}") for word in ("--set", pair)]
    call = [sys.executable, "-m", "graftwork", "train", cell.path, "--json"]
    before = _core_seconds()
    done = subprocess.run(
        [*call, "--strategy", cell.strategy, "--backbone", cell.backbone, *settings],
        capture_output=True,
        text=True,
        timeout=budget_s,
        check=True,
    )
    seconds = _core_seconds() - before
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    return {"seed": seed, "core_seconds": round(seconds, 1), **_figures(documents)}


def _core_seconds() -> float:
    """Processor time of the processes that ended: what else the machine does changes it little."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _last_line(error: subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return str((error.stderr.strip().splitlines() or ["no message"])[-1])
    return str(error)


def _figures(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures on the test images, and how many images each part had."""
    ready = next(d for d in documents if d["kind"] == "data-ready")
    parts = {part: ready[part] for part in ("train", "validation", "test")}
    figures = documents[-1]["figures"]
    return {**{name: round(figure["value"], 4) for name, figure in figures.items()}, **parts}


def _table() -> Iterator[str]:
    names = "data", "strategy", "settings", "test images", "accuracy", "macro F1", "seeds"
    yield f"| {' | '.join((*names, 'least core seconds'))} |"
    yield "|---|---|---|---|---|---|---|---|"
    results = (json.loads(f.read_text("utf-8")) for f in sorted(RESULTS.glob("accuracy-*.json")))
    # The best of a data set come first, so that what transfer brings is seen at a glance.
    yield from map(_row, sorted(results, key=lambda one: (one["data"], -_mean_accuracy(one))))


def _mean_accuracy(result: dict[str, Any]) -> float:
    return statistics.fmean(run["accuracy"] for run in result["runs"])


def _row(result: dict[str, Any]) -> str:
    runs = result["runs"]
    cells = (
        result["data"],
        f"`{result['strategy']}`",
        _settings(result["settings"]),
        str(runs[0]["test"]),
        _spread([run["accuracy"] for run in runs]),
        _spread([run["macro_f1"] for run in runs]),
        str(len(runs)),
        f"{min(run['core_seconds'] for run in runs):.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _settings(settings: list[str]) -> str:
    """Those that change the result; how a table is read does not."""
    reading = ("path_column=", "label_column=", "labels=")
    return ", ".join(one for one in settings if not one.startswith(reading)) or "defaults"


def _spread(values: list[float]) -> str:
    mean = statistics.fmean(values)
    return f"{mean:.3f} ± {statistics.stdev(values):.3f}" if len(values) > 1 else f"{mean:.3f}"


if __name__ == "__main__":
    main()
