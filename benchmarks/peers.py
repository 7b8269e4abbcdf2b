"""Times Graftwork against the plain PyTorch loop and fastai, from image files to a measured model.

    python benchmarks/peers.py --data elpv --data sign_digits=FOLDER --peers-python PYTHON

Every contender has the same pretrained backbone, split, epochs and threads, and a process of its
own for each seed. What is in the results already is skipped, so that a run can go on where it was
ended. The table goes to the screen, and into docs/benchmarks.md with ``--docs``.

For a short trial: ``--images 200 --epochs 1 --seeds 1 --out /tmp/trial.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contenders.part import Part, Task
from contenders.table import labelled_images, read, split, write
from docs_part import put_into_docs
from peers_table import markdown

_HERE = Path(__file__).parent
_RESULT = _HERE / "results" / "peers.json"
_DOCS = _HERE.parent / "docs" / "benchmarks.md"

_EPOCHS: dict[Task, int] = {"frozen": 10, "top": 8, "full": 3}
_CONTENDERS = (
    "graftwork",
    "graftwork-epochs",
    "plain",
    "plain-best",
    "fastai",
    "fastai-best",
)
_HARD_LIMIT = 3  # times the budget: then something hangs

# What `graftwork.engine.heap` asks for itself, for peers at their best setting.
_HEAP = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
    "MALLOC_TOP_PAD_": str(256 * 2**20),
}


def main() -> None:
    """Run what is missing, then show the table."""
    wanted = _arguments()
    results = _read(wanted.out)
    if not wanted.table:
        for part in _parts(wanted):
            if part.key not in results:
                results[part.key] = _run(part, wanted)
                _save(results, wanted.out)
    table = markdown(results)
    print(table)
    if wanted.docs:
        put_into_docs(_DOCS, "peers", table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", action="append", metavar="elpv | NAME=FOLDER")
    parser.add_argument("--task", action="append", choices=list(_EPOCHS))
    parser.add_argument("--contender", action="append", choices=_CONTENDERS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, help="take so many images alone, for a trial")
    parser.add_argument("--epochs", type=int, help="instead of each task's own, for a trial")
    parser.add_argument("--budget", type=float, default=1800, help="seconds for one process")
    parser.add_argument("--peers-python", default=sys.executable, help="a Python that has fastai")
    parser.add_argument("--out", type=Path, default=_RESULT)
    parser.add_argument("--table", action="store_true", help="only show what was measured")
    parser.add_argument("--docs", action="store_true", help=f"put the table into {_DOCS.name}")
    return parser.parse_args()


def _parts(wanted: argparse.Namespace) -> Iterator[Part]:
    """Contenders of the same seed follow each other, so that a ratio is of neighbours in time."""
    with tempfile.TemporaryDirectory(prefix="graftwork-peers-") as tables:
        for place in wanted.data or ["elpv"]:
            name, _, folder = place.partition("=")
            root, rows = labelled_images(folder or name)
            for task in wanted.task or list(_EPOCHS):
                for seed in range(wanted.seeds):
                    table = Path(tables) / f"{name}-{seed}.csv"
                    write(split(rows, seed, wanted.images), table)
                    for contender in _of_task(task, wanted.contender):
                        yield _part(wanted, name, root, table, task, seed, contender)


def _of_task(task: Task, chosen: list[str] | None) -> list[str]:
    """Where all learns from the beginning, ours has as many epochs as the others anyway."""
    left_out = {"graftwork-epochs"} if task == "full" else set()
    return [name for name in chosen or _CONTENDERS if name not in left_out]


def _part(
    wanted: argparse.Namespace,
    name: str,
    root: Path,
    table: Path,
    task: Task,
    seed: int,
    contender: str,
) -> Part:
    return Part(
        contender=contender,
        data=name,
        task=task,
        epochs=wanted.epochs or _EPOCHS[task],
        seed=seed,
        threads=wanted.threads,
        budget_s=wanted.budget,
        root=str(root),
        table=str(table),
        images=wanted.images,
    )


def _run(part: Part, wanted: argparse.Namespace) -> dict[str, Any]:
    _warm(part)
    ours = part.contender.startswith("graftwork")
    python = sys.executable if ours else wanted.peers_python
    with tempfile.TemporaryDirectory() as home:
        described = Path(home) / "part.json"
        described.write_text(json.dumps(asdict(part)), "utf-8")
        found = _measured([python, "-m", "contenders", str(described)], part, home)
    print(part.key, found.get("seconds", found.get("failed")), found.get("accuracy"), flush=True)
    return {**found, "part": asdict(part) | {"root": "", "table": ""}}


def _warm(part: Part) -> None:
    """The operating system has the files in memory, for everybody alike."""
    for row in read(part.table):
        (Path(part.root) / row.path).read_bytes()


def _measured(command: list[str], part: Part, home: str) -> dict[str, Any]:
    limit = part.budget_s * _HARD_LIMIT
    try:
        done = subprocess.run(
            command,
            env=_environment(part, home),
            capture_output=True,
            text=True,
            timeout=limit,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"it took longer than {limit:.0f} s"}
    except subprocess.CalledProcessError as error:
        return {"failed": (error.stderr.strip().splitlines() or ["no message"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _environment(part: Part, home: str) -> dict[str, str]:
    paths = (_HERE, _HERE.parent / "desktop_app", _HERE.parent / "plugins")
    threads = str(part.threads)
    return {
        **os.environ,
        **(_HEAP if part.contender.endswith("-best") else {}),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "GRAFTWORK_HOME": str(Path(home) / "home"),
    }


def _read(file: Path) -> dict[str, Any]:
    """What was measured; parts that failed are tried again."""
    if not file.exists():
        return {}
    kept = json.loads(file.read_text("utf-8"))
    return {key: found for key, found in kept.items() if "failed" not in found}


def _save(results: dict[str, Any], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    unfinished.replace(file)


if __name__ == "__main__":
    main()
