"""Folds training events into the state that charts, progress bars and summaries show."""

from __future__ import annotations

from dataclasses import dataclass, field

from .events import (
    CheckpointWritten,
    CostEstimated,
    CostMeasured,
    DataReady,
    EpochDone,
    LoadSampled,
    Notice,
    PhaseEnded,
    PhaseStarted,
    ProblemFound,
    Progress,
    Resumed,
    RunEnded,
    RunStarted,
    StepDone,
    TrainingEvent,
    WeightsMixed,
)
from .thinning import Thinning

MOST_SAMPLES = 4_000


@dataclass
class RunHistory:
    """All that is known of a run from its events so far.

    ``position`` is the place of the last step on the axis that all share: epochs since the run
    began, with the part of the epoch that is done; ``step_positions`` those of the steps that are
    kept. ``load_seconds`` are those at work, ``seconds_before`` of them in processes before the
    present one. Of steps and of samples of the load at most ``MOST_SAMPLES`` are kept, evenly along
    the run: charts keep their shape, and a run of days its memory.
    """

    started: RunStarted | None = None
    data: DataReady | None = None
    progress: Progress | None = None
    phases: list[PhaseStarted] = field(default_factory=list)
    phase_ends: list[PhaseEnded] = field(default_factory=list)
    epochs: list[EpochDone] = field(default_factory=list)
    epoch_positions: list[float] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    problems: list[ProblemFound] = field(default_factory=list)
    position: float = 0.0
    images_per_second: float = 0.0
    step_positions: list[float] = field(default_factory=list)
    step_losses: list[float] = field(default_factory=list)
    step_speeds: list[float] = field(default_factory=list)
    step_rates: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    loads: list[LoadSampled] = field(default_factory=list)
    load_seconds: list[float] = field(default_factory=list)
    seconds_at_work: float = 0.0
    seconds_before: float = 0.0
    best: EpochDone | None = None
    mixed: WeightsMixed | None = None
    ended: RunEnded | None = None
    _steps: Thinning = field(default_factory=lambda: Thinning(MOST_SAMPLES))
    _loads: Thinning = field(default_factory=lambda: Thinning(MOST_SAMPLES))

    def apply(self, event: TrainingEvent) -> None:
        """Take one event in, in the order in which it came."""
        match event:
            case RunStarted():
                self.started = event
                self.seconds_before = self.seconds_at_work
            case DataReady():
                self.data = event
            case Progress():
                self.progress = event
            case Notice():
                self.notices.append(event)
            case ProblemFound():
                self.problems.append(event)
            case LoadSampled():
                self._apply_load(event)
            case CheckpointWritten() | Resumed() | CostEstimated() | CostMeasured():
                pass
            case _:
                self._apply_training(event)

    def _apply_training(
        self, event: PhaseStarted | StepDone | EpochDone | PhaseEnded | WeightsMixed | RunEnded
    ) -> None:
        self.progress = None
        match event:
            case RunEnded():
                self.ended = event
            case PhaseStarted():
                self.phases.append(event)
            case StepDone():
                self._apply_step(event)
            case EpochDone():
                self._apply_epoch(event)
            case PhaseEnded():
                self.phase_ends.append(event)
            case WeightsMixed():
                self.mixed = event

    def _apply_step(self, event: StepDone) -> None:
        self.position = len(self.epochs) + event.step / event.steps_per_epoch
        self.images_per_second = event.images_per_second
        if not self._steps.keeps_next():
            return
        self.step_positions.append(self.position)
        self.step_losses.append(event.loss)
        self.step_speeds.append(event.images_per_second)
        for stage, rate in event.rates.items():
            self.step_rates.setdefault(stage, []).append((self.position, rate))
        series = (self.step_positions, self.step_losses, self.step_speeds)
        self._steps.thin_out(*series, *self.step_rates.values())

    def _apply_load(self, event: LoadSampled) -> None:
        self.seconds_at_work = self.seconds_before + event.seconds
        if self._loads.keeps_next():
            self.load_seconds.append(self.seconds_at_work)
            self.loads.append(event)
            self._loads.thin_out(self.loads, self.load_seconds)

    def _apply_epoch(self, event: EpochDone) -> None:
        self.epochs.append(event)
        self.epoch_positions.append(float(len(self.epochs)))
        if event.best:
            self.best, self.mixed = event, None

    @property
    def in_phase(self) -> bool:
        """Whether a phase has begun and not ended: progress within it is validation's."""
        return len(self.phases) > len(self.phase_ends)

    @property
    def fraction_of_phase(self) -> float:
        """How much of the present phase's most is done, 0 to 1."""
        if not self.phases:
            return 0.0
        return min(1.0, self.epochs_in_phase / self.phases[-1].epochs)

    @property
    def epochs_in_phase(self) -> float:
        """Epochs of the present phase that are done, with the part of the one that runs."""
        number = self.phases[-1].phase if self.phases else 0
        whole = sum(epoch.phase == number for epoch in self.epochs)
        return whole + max(0.0, self.position - len(self.epochs))
