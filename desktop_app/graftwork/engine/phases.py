"""Runs one phase of a strategy, of whichever kind."""

from __future__ import annotations

from collections.abc import Generator

from graftwork.plugin_api import AnyPhase, MeasuredStages, Phase, PhaseReport, PrototypeHead

from .checkpoints.files import Checkpoint
from .events import TrainingEvent
from .freezing import check_phase
from .kinds.gradient_phase import run_gradient_phase
from .kinds.measured_stages import run_measured_stages
from .kinds.prototype_head import run_prototype_head
from .kinds.solved_head import run_solved_head
from .setup import TrainingSetup


def run_phase(
    setup: TrainingSetup, phase: AnyPhase, number: int, midway: Checkpoint | None
) -> Generator[TrainingEvent, None, PhaseReport]:
    """Do what ``phase`` says, from the best weights so far, and report what it reached.

    ``midway`` is the checkpoint in the midst of it from which to go on.
    """
    check_phase(phase, setup.classifier)
    match phase:
        case Phase():
            return (yield from run_gradient_phase(setup, phase, number, midway))
        case MeasuredStages():
            return (yield from run_measured_stages(setup, phase, number))
        case PrototypeHead():
            return (yield from run_prototype_head(setup, phase, number))
        case _:
            return (yield from run_solved_head(setup, phase, number))
