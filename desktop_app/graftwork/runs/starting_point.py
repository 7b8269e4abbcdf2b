"""What an earlier run offers to a run that starts from its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graftwork.engine.earlier_run import BEST
from graftwork.engine.job import StartSettings, TrainingJob
from graftwork.engine.keeping import kept_epochs
from graftwork.engine.learning.sample import SAMPLE_FILE

from .kept import kept_job
from .record import RunRecord


@dataclass(frozen=True, kw_only=True)
class StartingPoint:
    """The run, its job, the names of its weights (the best first), and whether it has a sample."""

    run: RunRecord
    job: TrainingJob
    weights: tuple[str, ...]
    has_sample: bool

    def start(self, weights: str, replay: int) -> StartSettings:
        """How a job says that it starts from these weights."""
        return StartSettings(folder=self.run.folder, weights=weights, replay=replay)

    @property
    def numbers(self) -> Mapping[str, Any]:
        """What the job sets of training, parts held out and seed."""
        held_out = {"validation": self.job.data.validation, "test": self.job.data.test}
        return {**self.job.training.model_dump(mode="json"), **held_out, "seed": self.job.seed}


def starting_point(run: RunRecord) -> StartingPoint:
    """What this run offers; raises ``RunUseError`` if its job cannot be read."""
    return StartingPoint(
        run=run,
        job=kept_job(run),
        weights=(BEST, *kept_epochs(run.folder)),
        has_sample=(run.folder / SAMPLE_FILE).is_file(),
    )
