"""Graftwork itself, by the way that the window and the command line take."""

from __future__ import annotations

import time
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from typing import Any

from graftwork.app import make_workshop
from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.engine.training_settings import TrainingSettings

from .clock import Clock
from .part import BATCH, TOP_STAGES, Part

LOADERS = False

# What the program imports when it is first needed: imports are not timed, for anybody.
for _module in (
    "graftwork.engine.train",
    "graftwork.runs.evaluate_run",
    "graftwork_backbones.efficientnet_lite_network",
    "sklearn.metrics",
):
    import_module(_module)

_SPANS = {"step-done": "Training steps", "epoch-done": "Training steps", "load-sampled": ""}


def run(part: Part, clock: Clock) -> dict[str, Any]:  # noqa: ARG001  it needs no early stop
    """Train and evaluate, with a workshop of its own home."""
    workshop, spans = make_workshop(), _Spans()
    spans.follow(workshop.train(_job(part)))
    assert workshop.current_run is not None
    evaluation = spans.follow(workshop.evaluate(workshop.current_run.id))
    figures = evaluation.figures
    return {
        "accuracy": figures["accuracy"].value,
        "macro_f1": figures["macro_f1"].value,
        "spans": spans.seconds,
    }


def _job(part: Part) -> TrainingJob:
    strategy, settings = _strategy(part)
    return TrainingJob(
        data=DataSettings(
            path=Path(part.table), reader="table", reader_options={"root": part.root}
        ),
        strategy=strategy,
        strategy_settings=settings,
        training=TrainingSettings(augmentation="none", batch_size=BATCH),
        seed=part.seed,
    )


def _strategy(part: Part) -> tuple[str, dict[str, Any]]:
    epochs = {"epochs": part.epochs, "patience": None}
    match part.task, part.contender:
        case "frozen", "graftwork":
            return "logistic-regression", {}
        case "frozen", _:
            return "feature-extraction", epochs
        case "top", _:
            before = {"head_epochs": 1} if part.contender == "graftwork-epochs" else {}
            top = {"stages": TOP_STAGES, **epochs, "patience": part.epochs}
            return "top-stages", {**top, **before}
        case _:
            return "full-fine-tuning", {**epochs, "patience": part.epochs}


class _Spans:
    """Where the time goes: what passes before an event belongs to what the event tells of."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()
        self._doing = "Rest"

    def follow(self, events: Generator[Any, None, Any]) -> Any:
        """All events; what the generator returns."""
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                self._note("Rest")
                return end.value
            self._note(self._span(event))

    def _span(self, event: Any) -> str:
        if event.kind == "progress":
            return str(event.what)
        return _SPANS.get(event.kind, "Rest") or self._doing

    def _note(self, span: str) -> None:
        now = time.perf_counter()
        self.seconds[span] = self.seconds.get(span, 0.0) + now - self._last
        self._last, self._doing = now, span
