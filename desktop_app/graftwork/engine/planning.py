"""Asks a strategy for its phases, and does not trust what it gives."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeVar, get_args

from pydantic import BaseModel

from graftwork.plugin_api import (
    AnyPhase,
    BackboneOutline,
    DataOutline,
    GraftworkError,
    Phase,
    PhaseReport,
    Strategy,
)

from .checkpoints.progress import ReportFigures
from .errors import TrainingError

T = TypeVar("T")

_MOST_PHASES = 10_000


class Planned:
    """A strategy's plan at work: hands out one phase after another."""

    def __init__(
        self, strategy: Strategy, settings: BaseModel, backbone: BackboneOutline, data: DataOutline
    ) -> None:
        self._strategy = strategy
        self._weighty = [stage.name for stage in backbone.stages if stage.parameters]
        self.number = 0
        self._plan = self._asked(lambda: strategy.plan(settings, backbone, data))
        if not isinstance(self._plan, Generator):
            raise TrainingError(
                f"The strategy {strategy.name} gave a {type(self._plan).__name__} where phases "
                "are to come one by one: its plan must yield them."
            )

    def next(self, report: PhaseReport | None) -> AnyPhase | None:
        """The next phase, given the report of the one before; None at the end.

        Raises ``TrainingError`` if the strategy fails, gives what is no phase, or never ends.
        """
        try:
            phase = self._asked(
                lambda: next(self._plan) if report is None else self._plan.send(report)
            )
        except StopIteration:
            return None
        self.number += 1
        self._check(phase)
        return phase

    def _asked(self, ask: Callable[[], T]) -> T:
        """What the plugin answers; sys.exit() in it is a failure like any other."""
        try:
            return ask()
        except (StopIteration, GraftworkError):
            raise
        except (Exception, SystemExit) as error:
            raise self._failed(error) from error

    @property
    def measurable(self) -> int:
        """How many stages there are to measure."""
        return len(self._weighty)

    def next_if_it_gains(self, phase: AnyPhase, neediest: int = 0) -> AnyPhase | None:
        """The phase that would come after this one if it gained to its last epoch.

        Of stages that are measured the ``neediest``, counted from the bottom, would have to change
        most, then the one above it, and so on; those below it least.
        """
        epochs = phase.epochs if isinstance(phase, Phase) else 1
        report = PhaseReport(
            phase=phase,
            epochs_run=epochs,
            best_epoch=epochs,
            best_score=0.0,
            best_loss=0.0,
            best_accuracy=1.0,
            improved=True,
            measures=self._measures(neediest),
        )
        return self.next(report)

    def _measures(self, neediest: int) -> dict[str, float]:
        falling = self._weighty[neediest:] + self._weighty[:neediest]
        return {name: 1 / place for place, name in enumerate(falling, 1)}

    def expected(self, neediest: int = 0) -> Iterator[AnyPhase]:
        """All phases if each of them gains to its last epoch.

        Raises ``TrainingError`` as ``next`` does, so too of a plan that would never end then.
        """
        phase = self.next(None)
        while phase is not None:
            yield phase
            phase = self.next_if_it_gains(phase, neediest)

    def replay(self, figures: Sequence[ReportFigures]) -> tuple[list[PhaseReport], AnyPhase | None]:
        """The reports of the phases that are over, and the phase that comes after them."""
        reports: list[PhaseReport] = []
        phase = self.next(None)
        for one in figures:
            if phase is None:
                break
            reports.append(one.report(phase))
            phase = self.next(reports[-1])
        return reports, phase

    def _check(self, phase: object) -> None:
        name = self._strategy.name
        if not isinstance(phase, get_args(AnyPhase)):
            raise TrainingError(f"The strategy {name} gave {phase!r:.200} where a phase is due.")
        if self.number > _MOST_PHASES:
            raise TrainingError(f"The strategy {name} gave over {_MOST_PHASES} phases; it is left.")

    def _failed(self, error: BaseException) -> TrainingError:
        return TrainingError(
            f"The strategy {self._strategy.name} failed after {self.number} phases "
            f"({type(error).__name__}: {error}). The best weights until then are kept. Choose "
            "another strategy, or tell the author of the plugin."
        )
