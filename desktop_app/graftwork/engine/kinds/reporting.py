"""What a phase says of its epochs, and of itself when it is over."""

from __future__ import annotations

from collections.abc import Sequence

from graftwork.engine.events import EpochDone, PhaseEnded
from graftwork.engine.scores import Scores
from graftwork.engine.tally import Tally
from graftwork.plugin_api import AnyPhase, PhaseReport


def epoch_done(
    phase: int, epoch: int, learned: Tally, reached: Scores, score: float, *, best: bool
) -> EpochDone:
    """An epoch: what was seen of the training images in it, and what validation found."""
    return EpochDone(
        phase=phase,
        epoch=epoch,
        train_loss=learned.mean_loss,
        train_accuracy=learned.accuracy,
        validation_loss=reached.loss,
        validation_brier=reached.brier,
        validation_accuracy=reached.accuracy,
        validation_balanced_accuracy=reached.balanced_accuracy,
        validation_macro_f1=reached.macro_f1,
        score=score,
        best=best,
        seconds=learned.seconds,
        images_per_second=learned.speed,
    )


def best_epoch(epochs: Sequence[EpochDone]) -> EpochDone:
    """The epoch with the best score, and the lower loss at a tie."""
    return max(epochs, key=lambda epoch: (epoch.score, -epoch.validation_loss))


def phase_ended(number: int, epochs: Sequence[EpochDone], reason: str) -> PhaseEnded:
    """The phase's last event."""
    best = best_epoch(epochs)
    return PhaseEnded(
        phase=number,
        epochs_run=len(epochs),
        best_epoch=best.epoch,
        best_accuracy=best.validation_accuracy,
        reason=reason,
    )


def phase_report(phase: AnyPhase, epochs: Sequence[EpochDone], *, improved: bool) -> PhaseReport:
    """What the strategy is told; ``improved`` says whether the run's best weights are of it."""
    best = best_epoch(epochs)
    return PhaseReport(
        phase=phase,
        epochs_run=len(epochs),
        best_epoch=best.epoch,
        best_score=best.score,
        best_loss=best.validation_loss,
        best_accuracy=best.validation_accuracy,
        improved=improved,
    )
