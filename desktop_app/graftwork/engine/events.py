"""What training says while it runs: small frozen records of plain numbers and strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class RunStarted(_Event):
    """The first event: what computes, and with what."""

    kind: Literal["run-started"] = "run-started"
    backbone: str
    strategy: str
    device: str
    device_name: str
    threads: int
    processes: int
    graftwork_version: str
    torch_version: str


class Progress(_Event):
    """Work in ``what`` (such as "Decoding images"): ``done`` of ``total``, 0 if that is unknown."""

    kind: Literal["progress"] = "progress"
    what: str
    done: int
    total: int


class Notice(_Event):
    """A choice that was made or a warning, in a sentence for a person."""

    kind: Literal["notice"] = "notice"
    level: Literal["info", "warning"]
    text: str


class ProblemFound(_Event):
    """A file that is left out, and why."""

    kind: Literal["problem-found"] = "problem-found"
    path: str
    reason: str


class DataReady(_Event):
    """The images are decoded and split."""

    kind: Literal["data-ready"] = "data-ready"
    classes: tuple[str, ...]
    train: int
    validation: int
    test: int
    data_fingerprint: str


class _CostEvent(_Event):
    """Seconds from here to the end, MiB of memory at the peak, of the run's folder and of caches.

    Caches are what is kept of frozen stages, for this run and others.
    """

    seconds: float
    memory_mib: float
    disk_mib: float
    cache_mib: float


class CostEstimated(_CostEvent):
    """What the run will cost at most, if every phase does all its epochs."""

    kind: Literal["cost-estimated"] = "cost-estimated"


class CostMeasured(_CostEvent):
    """What the run has cost; of memory, the peak of the whole process."""

    kind: Literal["cost-measured"] = "cost-measured"


class PhaseStarted(_Event):
    """A phase of the strategy begins; ``rates`` are the peak learning rates by stage."""

    kind: Literal["phase-started"] = "phase-started"
    phase: int
    name: str
    epochs: int
    steps_per_epoch: int
    rates: Mapping[str, float]
    precision: str


class StepDone(_Event):
    """Some training steps are done; figures are those since the last such event.

    ``step`` counts from 1 within the epoch, ``rates`` are the learning rates now, by stage.
    """

    kind: Literal["step-done"] = "step-done"
    phase: int
    epoch: int
    step: int
    steps_per_epoch: int
    loss: float
    images_per_second: float
    rates: Mapping[str, float]


class LoadSampled(_Event):
    """How busy the machine is, at most once a second; GPU figures are None without one.

    Loads are in percent, memory in MiB. ``seconds`` count from when this process began to train.
    """

    kind: Literal["load-sampled"] = "load-sampled"
    seconds: float
    cpu_percent: float
    memory_mib: float
    gpu_percent: float | None = None
    gpu_memory_mib: float | None = None


class EpochDone(_Event):
    """An epoch and its validation are done.

    ``epoch`` counts from 1 within the phase. ``train_accuracy`` is measured on the (augmented)
    images as they were trained on; ``score`` is the job's chosen metric, greater is better.
    """

    kind: Literal["epoch-done"] = "epoch-done"
    phase: int
    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_brier: float
    validation_accuracy: float
    validation_balanced_accuracy: float
    validation_macro_f1: float
    score: float
    best: bool
    seconds: float
    images_per_second: float


class PhaseEnded(_Event):
    """A phase is over, and why."""

    kind: Literal["phase-ended"] = "phase-ended"
    phase: int
    epochs_run: int
    best_epoch: int
    best_accuracy: float
    reason: str


class CheckpointWritten(_Event):
    """All that the run needs to go on from here is in its folder."""

    kind: Literal["checkpoint-written"] = "checkpoint-written"
    number: int


class Resumed(_Event):
    """The run goes on from a checkpoint; ``step`` steps of the epoch were done by then.

    ``epoch`` is 0 between two phases.
    """

    kind: Literal["resumed"] = "resumed"
    checkpoint: int
    phase: int
    epoch: int
    step: int


class WeightsMixed(_Event):
    """A phase's best weights were mixed with its first: the mixture is kept, in their place."""

    kind: Literal["weights-mixed"] = "weights-mixed"
    phase: int
    part: float
    validation_loss: float
    validation_brier: float
    validation_accuracy: float
    score: float


class RunEnded(_Event):
    """The last event of a run that was not stopped: the best weights are in the run's folder."""

    kind: Literal["run-ended"] = "run-ended"
    phase: int
    epoch: int
    score: float
    seconds: float


TrainingEvent = (
    RunStarted
    | Progress
    | Notice
    | ProblemFound
    | DataReady
    | CostEstimated
    | CostMeasured
    | PhaseStarted
    | StepDone
    | LoadSampled
    | EpochDone
    | PhaseEnded
    | WeightsMixed
    | CheckpointWritten
    | Resumed
    | RunEnded
)

_ADAPTER: TypeAdapter[TrainingEvent] = TypeAdapter(
    Annotated[TrainingEvent, Field(discriminator="kind")]
)


def event_to_json(event: TrainingEvent) -> str:
    """One line of JSON; numbers that JSON does not know (inf, nan) are kept as strings."""
    return event.model_dump_json()


def event_from_json(line: str) -> TrainingEvent:
    """The event that ``event_to_json`` wrote; raises ``pydantic.ValidationError``."""
    return _ADAPTER.validate_json(line)
