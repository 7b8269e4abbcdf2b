"""Events of a training, in which a test names only what matters to it."""

from __future__ import annotations

from typing import Any

from graftwork.engine.events import EpochDone, PhaseStarted, StepDone


def phase_started(**named: Any) -> PhaseStarted:
    """The first phase, which trains the head in steps of two to an epoch."""
    given: dict[str, Any] = {
        "phase": 1,
        "name": "Head",
        "epochs": 4,
        "steps_per_epoch": 2,
        "rates": {"head": 0.1},
        "precision": "fp32",
    }
    return PhaseStarted(**given | named)


def step_done(**named: Any) -> StepDone:
    """The first step of the first epoch."""
    given: dict[str, Any] = {
        "phase": 1,
        "epoch": 1,
        "step": 1,
        "steps_per_epoch": 2,
        "loss": 0.5,
        "images_per_second": 9.0,
        "rates": {"head": 0.1},
    }
    return StepDone(**given | named)


def epoch_done(**named: Any) -> EpochDone:
    """The first epoch; every figure on the validation images is as good as its accuracy."""
    accuracy = named.get("validation_accuracy", 0.5)
    given: dict[str, Any] = {
        "phase": 1,
        "epoch": 1,
        "train_loss": 0.5,
        "train_accuracy": 0.5,
        "validation_loss": 0.5,
        "validation_brier": 0.25,
        "validation_accuracy": accuracy,
        "validation_balanced_accuracy": accuracy,
        "validation_macro_f1": accuracy,
        "score": accuracy,
        "best": True,
        "seconds": 30.0,
        "images_per_second": 9.0,
    }
    return EpochDone(**given | named)
