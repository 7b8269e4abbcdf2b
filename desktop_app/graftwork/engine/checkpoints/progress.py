"""How far a run is, in plain numbers: the part of a checkpoint that is no tensor."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from graftwork.plugin_api import AnyPhase, PhaseReport

from ..events import EpochDone
from ..tally import Tally

Rank = tuple[float, float]


class _Progress(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class ReportFigures(_Progress):
    """What a phase reported, without the phase: the strategy gives that again."""

    epochs_run: int
    best_epoch: int
    best_score: float
    best_loss: float
    best_accuracy: float
    improved: bool
    measures: Mapping[str, float]

    @classmethod
    def of(cls, report: PhaseReport) -> ReportFigures:
        """The figures of a report."""
        return cls(**{name: getattr(report, name) for name in cls.model_fields})

    def report(self, phase: AnyPhase) -> PhaseReport:
        """The report of this phase."""
        return PhaseReport(phase=phase, **dict(self))


class PhaseProgress(_Progress):
    """How far a phase is: ``step`` steps of epoch ``epoch`` are done, and all epochs before it.

    ``tally`` has the sums over the steps of this epoch; ``epochs`` the epochs that are over;
    ``averaged`` says whether the weights that this epoch reached are in their average.
    """

    epoch: int = 1
    step: int = 0
    tally: Tally = Field(default_factory=Tally)
    epochs: tuple[EpochDone, ...] = ()
    best_rank: Rank | None = None
    idle: int = 0
    averaged: bool = False
    scaler: Mapping[str, int | float] = Field(default_factory=dict)


class BestProgress(_Progress):
    """Which epoch was best until now; ``stages`` are those that ever learned."""

    rank: Rank | None
    phase: int
    epoch: int
    stages: tuple[str, ...]


class Surroundings(_Progress):
    """What decides the last bit of a result, besides the job."""

    graftwork: str
    torch: str
    device: str
    threads: int
    processes: int


class RunProgress(_Progress):
    """How far a run is; ``phase`` is None between two phases.

    ``first_weights`` is the digest of the backbone's weights that the run began with: a checkpoint
    does not hold those that never learn.
    """

    number: int
    first_weights: str
    surroundings: Surroundings
    reports: tuple[ReportFigures, ...]
    best: BestProgress
    phase: PhaseProgress | None
