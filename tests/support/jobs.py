"""Small jobs, and running them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from graftwork.engine.events import TrainingEvent
from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.engine.train import train
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import Phase, Plan, Strategy
from graftwork.plugin_host.registry import Registry


def small_job(
    data: Path,
    strategy: str = "feature-extraction",
    settings: dict[str, Any] | None = None,
    **training: Any,
) -> TrainingJob:
    """A job on the tiny backbone; ``training`` are shared training settings."""
    return TrainingJob(
        data=DataSettings(path=data, validation=0.25, test=0.25),
        backbone="tiny",
        strategy=strategy,
        strategy_settings=settings or {},
        training=TrainingSettings(**{"batch_size": 8, "device": "cpu", **training}),
    )


def run_job(job: TrainingJob, registry: Registry, folder: Path) -> list[TrainingEvent]:
    """All events of the job's run; ``folder`` is made and gets the best weights."""
    folder.mkdir(exist_ok=True)
    return list(train(job, registry=registry, folder=folder, weights=None))


def of_kind(events: list[TrainingEvent], *kinds: type) -> list[Any]:
    """The events of these types, in order."""
    return [event for event in events if isinstance(event, kinds)]


class NoSettings(BaseModel):
    """Nothing can be set."""


def run_plan(
    plan: Callable[..., Plan], data: Path, registry: Registry, folder: Path, **training: Any
) -> list[TrainingEvent]:
    """Run a strategy of the test's own, added to those that there are."""
    strategy = Strategy(
        name="planned", title="Planned", summary="For a test", settings=NoSettings, plan=plan
    )
    more = replace(registry, strategies={**registry.strategies, "planned": strategy})
    job = small_job(data, **training).model_copy(update={"strategy": "planned"})
    return run_job(job, more, folder)


def run_phases(
    phases: Iterable[Phase], data: Path, registry: Registry, folder: Path, **training: Any
) -> list[TrainingEvent]:
    """Run these phases, one after the other."""

    def plan(*_: object) -> Plan:
        for phase in phases:  # noqa: UP028 - reports are sent, which a list does not take
            yield phase

    return run_plan(plan, data, registry, folder, **training)
