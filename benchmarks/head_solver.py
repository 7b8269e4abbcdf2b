"""Times solving the head to the optimum against torch.optim.LBFGS and scikit-learn.

    python benchmarks/head_solver.py elpv sign_digits=FOLDER [--rounds 5] [--docs]

All solvers get the same features of EfficientNet-Lite0, centered and scaled alike, and solve the
same strengths of the penalty, from the strongest down, each starting from the solution before, to
the same slope. They take turns in every round, each in a process of its own, so that threads
of one do not wait in another; imports are not timed. Figures are medians over the rounds, ratios
medians of each round's ratio. The losses that they end with are compared, too: who stops early
is not fast.
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
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from contenders.table import labelled_images, split
from docs_part import put_into_docs
from torch import Tensor
from torch.nn import functional

from graftwork.data.decoding import decode
from graftwork.data.input_spec import input_spec
from graftwork.data.rows import Row, RowMaker, portions
from graftwork.engine.device import device_name
from graftwork.engine.solving.logistic import TOLERANCE, LogisticRegression
from graftwork.engine.weights.store import locate_weights
from graftwork.paths import weights_folder
from graftwork.plugin_host.loading import load_plugins

RESULT = Path(__file__).parent / "results" / "head_solver.json"
DOCS = Path(__file__).parents[1] / "docs" / "benchmarks.md"

STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0001)
_MOST_ITERATIONS = 2000
_BATCH = 32


def main() -> None:
    """Measure all solvers in turn, print and write the figures."""
    given = _arguments()
    torch.set_num_threads(given.threads)
    if given.solver:
        print(json.dumps(_measure(given.solver, given.features)))
        return
    result = {
        "processor": device_name(torch.device("cpu")),
        "threads": given.threads,
        "rounds": given.rounds,
        "strengths": STRENGTHS,
        "data": {place.partition("=")[0]: _compared(place, given) for place in given.data},
    }
    if given.images is None:
        RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    table = "\n".join(_table(result["data"]))
    print(table)
    if given.docs:
        put_into_docs(DOCS, "head_solver", table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=["elpv"], metavar="elpv | NAME=FOLDER")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--images", type=int, help="take so many images alone, for a trial")
    parser.add_argument("--docs", action="store_true", help=f"put the table into {DOCS.name}")
    parser.add_argument("--solver", help="measure this one alone, for the program itself")
    parser.add_argument("--features", type=Path, help="what it works on")
    return parser.parse_args()


def _compared(place: str, given: argparse.Namespace) -> dict[str, Any]:
    name, _, folder = place.partition("=")
    root, rows = labelled_images(folder or name)
    chosen = [row for row in split(rows, 0, given.images) if row.part == "train"]
    classes = sorted({row.label for row in chosen})
    labels = torch.tensor([classes.index(row.label) for row in chosen])
    features = _features([root / row.path for row in chosen])
    with tempfile.TemporaryDirectory() as home:
        kept = Path(home) / "features.pt"
        torch.save({"features": features, "labels": labels, "classes": len(classes)}, kept)
        rounds = [
            {solver: _in_own_process(solver, kept, given.threads) for solver in SOLVERS}
            for _ in range(given.rounds)
        ]
    return {"images": len(labels), "classes": len(classes), "solvers": _figures(rounds)}


@torch.inference_mode()
def _features(paths: list[Path]) -> Tensor:
    """What the frozen backbone makes of the images: (n, 1280), float32."""
    backbone = load_plugins().backbone("efficientnet-lite0")
    spec = input_spec(backbone.preprocessing, fit="squash", channels=3)
    stages = backbone.build(locate_weights(backbone, weights_folder())).eval()
    rows = [row for few in portions(paths) for row in RowMaker(spec, decode)(few)]
    found = [torch.from_numpy(row.pixels) for row in rows if isinstance(row, Row)]
    if len(found) < len(paths):
        raise SystemExit("Some images cannot be read: leave them out.")
    images = torch.stack(found)
    mean, std = (torch.tensor(each).view(-1, 1, 1) for each in (spec.mean, spec.std))
    pixels = images.movedim(-1, 1).split(_BATCH)
    return torch.cat([stages((few / 255 - mean) / std) for few in pixels])


def _in_own_process(solver: str, features: Path, threads: int) -> dict[str, Any]:
    options = ["--solver", solver, "--features", str(features), "--threads", str(threads)]
    done = subprocess.run(
        [sys.executable, __file__, *options], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measure(solver: str, file: Path) -> dict[str, Any]:
    """Seconds for all strengths, and the loss at each solution."""
    kept = torch.load(file)
    problem = kept["features"], kept["labels"], kept["classes"]
    solve = SOLVERS[solver](*problem)
    began = time.perf_counter()
    solutions = list(solve())
    seconds = time.perf_counter() - began
    losses = [
        _loss(problem, weight, bias, strength)
        for strength, (weight, bias) in zip(STRENGTHS, solutions, strict=True)
    ]
    return {"seconds": seconds, "losses": losses}


Problem = tuple[Tensor, Tensor, int]
Solve = Callable[[], Iterator[tuple[Tensor, Tensor]]]
"""Gives weights (classes, features) and biases (classes) for each strength, for scaled features."""


def _ours(features: Tensor, labels: Tensor, classes: int) -> Solve:
    def solve() -> Iterator[tuple[Tensor, Tensor]]:
        regression = LogisticRegression(features, labels, classes, functional.cross_entropy)
        for strength in STRENGTHS:
            for _ in regression.solve(strength):
                pass
            found = regression.solution()
            yield found.weight, found.bias

    return solve


def _torch(features: Tensor, labels: Tensor, classes: int) -> Solve:
    import torch._dynamo  # an optimizer of torch imports it at its first step

    def solve() -> Iterator[tuple[Tensor, Tensor]]:
        center, scale = _center_and_scale(features)
        rows = (features.double() - center) / scale
        weight = rows.new_zeros(classes, rows.shape[1], requires_grad=True)
        bias = rows.new_zeros(classes, requires_grad=True)
        for strength in STRENGTHS:
            _descend(rows, labels, weight, bias, strength)
            with torch.no_grad():
                unscaled = weight / scale
                yield unscaled.float(), (bias - unscaled @ center).float()

    return solve


def _descend(rows: Tensor, labels: Tensor, weight: Tensor, bias: Tensor, strength: float) -> None:
    optimizer = torch.optim.LBFGS(
        [weight, bias],
        max_iter=_MOST_ITERATIONS,
        max_eval=2 * _MOST_ITERATIONS,
        history_size=100,
        line_search_fn="strong_wolfe",
        tolerance_grad=_tolerance(strength),
        tolerance_change=0,
    )

    def objective() -> Tensor:
        optimizer.zero_grad()
        loss = functional.cross_entropy(torch.addmm(bias, rows, weight.T), labels)
        loss = loss + strength / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(objective)  # type: ignore[no-untyped-call]


def _scikit_learn(features: Tensor, labels: Tensor, classes: int) -> Solve:
    from sklearn.linear_model import LogisticRegression as Peer

    def solve() -> Iterator[tuple[Tensor, Tensor]]:
        center, scale = _center_and_scale(features)
        rows = ((features.double() - center) / scale).numpy()
        peer = Peer(warm_start=True, max_iter=_MOST_ITERATIONS)
        for strength in STRENGTHS:
            # Two classes have one row of weights there, for twice the half of ours.
            pull = strength / 2 if classes == 2 else strength
            peer.set_params(C=1 / (pull * len(rows)), tol=_tolerance(strength))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its losses tell how far it came
                peer.fit(rows, labels.numpy())
            weight, bias = (torch.from_numpy(each) for each in (peer.coef_, peer.intercept_))
            if classes == 2:
                weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
            unscaled = weight / scale
            yield unscaled.float(), (bias - unscaled @ center).float()

    return solve


SOLVERS: Mapping[str, Callable[[Tensor, Tensor, int], Solve]] = {
    "graftwork": _ours,
    "torch.optim.LBFGS": _torch,
    "scikit-learn": _scikit_learn,
}


def _loss(problem: Problem, weight: Tensor, bias: Tensor, strength: float) -> float:
    """What all of them minimize, in double precision."""
    features, labels, _ = problem
    _, scale = _center_and_scale(features)
    logits = features.double() @ weight.double().T + bias.double()
    pull = strength / 2 * (weight.double() * scale).square().sum()
    return float(functional.cross_entropy(logits, labels) + pull)


def _center_and_scale(features: Tensor) -> tuple[Tensor, Tensor]:
    """Means, and roots of deviations, as our solver takes them: written again, as a check."""
    rows = features.double()
    deviation = rows.std(0, correction=0)
    common = deviation.square().mean().sqrt()
    deviation = deviation.where(deviation > 1e-6 * common, common)
    return rows.mean(0), (deviation * common).sqrt()


def _tolerance(strength: float) -> float:
    return min(TOLERANCE, strength / 1000)


def _figures(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    least = [min(losses) for losses in zip(*_all_losses(rounds), strict=True)]
    return {
        name: {
            "seconds": round(statistics.median(one[name]["seconds"] for one in rounds), 3),
            "ratio": round(
                statistics.median(
                    one[name]["seconds"] / one["graftwork"]["seconds"] for one in rounds
                ),
                2,
            ),
            "excess": max(
                loss - best for loss, best in zip(rounds[0][name]["losses"], least, strict=True)
            ),
        }
        for name in rounds[0]
    }


def _all_losses(rounds: list[dict[str, Any]]) -> list[list[float]]:
    return [one["losses"] for one in rounds[0].values()]


def _table(data: dict[str, Any]) -> Iterator[str]:
    yield "| data | images | classes | solver | seconds | times ours | loss above the least |"
    yield "|---|---|---|---|---|---|---|"
    for name, found in data.items():
        for solver, figures in found["solvers"].items():
            cells = (
                name,
                found["images"],
                found["classes"],
                f"`{solver}`",
                f"{figures['seconds']:.2f}",
                f"{figures['ratio']:.1f}",
                f"{figures['excess']:.0e}",
            )
            yield f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
