"""What a run's history says in a sentence: what it does, how long yet, how good so far."""

from __future__ import annotations

from typing import Literal

from graftwork.engine.history import RunHistory
from graftwork.gui.parts.text import counted, duration

Standing = Literal["working", "paused", "stopping", "stopped", "failed", "finished"]
"""How it stands with a run: at work, held, or ended in one of three ways."""

_TOLD_S = 0.5
"""Seconds below which "0 s left" would be said, of a phase that still has its end to do."""


def headline(history: RunHistory, standing: Standing) -> str:
    """What the run does now, and whether it is held or ended in that."""
    if standing in {"stopped", "failed"}:
        return standing.capitalize()
    work = present_work(history)
    return f"{standing.capitalize()}  ·  {work}" if standing in {"paused", "stopping"} else work


def standing_of(subject: str, standing: Standing) -> str:
    """What stands below every page of the window while a run is at work, and after its end."""
    words: dict[Standing, str] = {
        "working": "Training",
        "paused": "Training is paused",
        "stopping": "Training is being stopped",
        "stopped": "Training was stopped",
        "failed": "Training failed",
        "finished": "Training is done",
    }
    return f"{words[standing]}  ·  {subject}"


def where(history: RunHistory, standing: Standing) -> str:
    """How far the run is, or how far it came before it was stopped or failed."""
    if standing not in {"stopped", "failed"}:
        return position(history)
    if not history.epochs:
        return "before an epoch was over"
    return f"after {counted(len(history.epochs), 'epoch')}"


def present_work(history: RunHistory) -> str:
    """What the run does now."""
    if history.ended is not None:
        return "Training is done"
    if (progress := history.progress) is not None:
        return progress.what
    if history.phases:
        phase = history.phases[-1]
        return f"Phase {len(history.phases)}: {phase.name}"
    return "Getting ready"


def position(history: RunHistory) -> str:
    """How far the present work is, and how long it will take at most."""
    if history.ended is not None:
        return f"in {duration(history.ended.seconds)}"
    if (progress := history.progress) is not None:
        return f"{progress.done:,} of {progress.total:,}" if progress.total else ""
    if not history.phases:
        return ""
    epoch = min(int(history.epochs_in_phase) + 1, history.phases[-1].epochs)
    text = f"epoch {epoch:,} of at most {history.phases[-1].epochs:,}"
    left = seconds_left(history)
    if left is None or left < _TOLD_S:
        return text
    return f"{text}, at most {duration(left)} left in this phase"


def seconds_left(history: RunHistory) -> float | None:
    """How long the present phase takes if no early stop ends it; None while it is unknown."""
    if not history.phases or history.ended is not None:
        return None
    phase = history.phases[-1]
    times = [epoch.seconds for epoch in history.epochs if epoch.phase == phase.phase][-5:]
    if not times:
        return None
    return sum(times) / len(times) * max(0.0, phase.epochs - history.epochs_in_phase)


def fraction(history: RunHistory) -> float | None:
    """How much of the present work is done, 0 to 1; None where nobody knows."""
    if history.ended is not None:
        return 1.0
    if (progress := history.progress) is not None and not history.in_phase:
        return progress.done / progress.total if progress.total else None
    return history.fraction_of_phase if history.phases else None


def best_so_far(history: RunHistory) -> tuple[str, str]:
    """The accuracy on validation images of what is kept, and which epoch's weights that are."""
    if history.best is None:
        return "–", "no epoch yet"
    if history.mixed is not None:
        figure = f"{history.mixed.validation_accuracy:.1%}"
        return figure, f"a mixture of weights, in phase {history.mixed.phase}"
    number = history.epochs.index(history.best) + 1
    return f"{history.best.validation_accuracy:.1%}", f"epoch {number} of {len(history.epochs)}"
