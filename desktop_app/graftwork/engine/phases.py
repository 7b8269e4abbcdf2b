"""Runs one phase of a strategy: freeze, choose the cheapest way, train, validate, keep the best."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import torch

from graftwork.data.augmentation import build_augmentation
from graftwork.plugin_api import Augmentation, Phase, PhaseReport

from .best_weights import BestWeights
from .device import PrecisionChoice, choose_precision, full_precision
from .events import EpochDone, Notice, PhaseEnded, PhaseStarted, TrainingEvent
from .freezing import check_phase, frozen_backbone, set_learning, set_modes
from .inputs import PhaseInputs, feature_inputs, pixel_inputs
from .training_settings import ScheduleChoice
from .optimizer import build_optimizer
from .scores import Scores
from .setup import TrainingSetup
from .steps import PhaseRun, Tally, batch_count, run_epoch, validate


def run_phase(
    setup: TrainingSetup, phase: Phase, number: int
) -> Generator[TrainingEvent, None, PhaseReport]:
    """Train as ``phase`` says, from the best weights so far, and report what it reached."""
    check_phase(phase, setup.classifier)
    phase = _with_chosen_schedule(phase, setup.job.training.schedule)
    setup.best.begin_phase(_changing_stages(setup, phase))
    set_learning(setup.classifier, phase)
    run = yield from _prepare(setup, phase, number)
    yield _phase_started(run)
    before = setup.best.rank
    epochs, reason = yield from _run_epochs(setup, run)
    report = _report(setup, phase, epochs, before)
    yield PhaseEnded(
        phase=number,
        epochs_run=report.epochs_run,
        best_epoch=report.best_epoch,
        best_accuracy=report.best_accuracy,
        reason=reason,
    )
    return report


def _with_chosen_schedule(phase: Phase, chosen: ScheduleChoice) -> Phase:
    return phase if chosen == "auto" else replace(phase, schedule=chosen)


def _changing_stages(setup: TrainingSetup, phase: Phase) -> set[str]:
    """Adapting batch norms change even in stages that do not learn."""
    everywhere = phase.batch_norm == "adapting"
    return set(setup.classifier.named_stages()) if everywhere else set(phase.rates)


def _prepare(
    setup: TrainingSetup, phase: Phase, number: int
) -> Generator[TrainingEvent, None, PhaseRun]:
    level = phase.augmentation or setup.augmentation
    inputs = yield from _inputs(setup, phase, level)
    training = setup.job.training
    precision = _precision(setup, phase, level)
    yield _notice(f"Training steps in {precision.name}: {precision.reason}.")
    stages = setup.classifier.named_stages()
    return PhaseRun(
        number=number,
        phase=phase,
        inputs=inputs,
        optimizer=build_optimizer(stages, phase.rates, training),
        augment=build_augmentation(level, training),
        precision=precision,
        scaler=torch.amp.GradScaler(setup.device.type, enabled=precision.name == "fp16"),
        batches=batch_count(len(inputs.train(1).labels), training.batch_size),
    )


def _features_are_constant(phase: Phase, level: Augmentation) -> bool:
    return frozen_backbone(phase) and level == "none"


def _precision(setup: TrainingSetup, phase: Phase, level: Augmentation) -> PrecisionChoice:
    if _features_are_constant(phase, level):
        return full_precision("the head alone costs next to nothing")
    wanted = setup.job.training.precision
    return choose_precision(wanted, setup.device, setup.classifier.stages)


def _inputs(
    setup: TrainingSetup, phase: Phase, level: Augmentation
) -> Generator[TrainingEvent, None, PhaseInputs]:
    if _features_are_constant(phase, level):
        yield _notice("Only the head learns and nothing is augmented: features are computed once.")
        return (yield from feature_inputs(setup.classifier, setup.train, setup.validation))
    yield _notice(f"Images go through the network in every epoch (augmentation: {level}).")
    return pixel_inputs(setup.classifier, setup.train, setup.validation)


def _run_epochs(
    setup: TrainingSetup, run: PhaseRun
) -> Generator[TrainingEvent, None, tuple[list[EpochDone], str]]:
    epochs: list[EpochDone] = []
    best_rank, idle = None, 0
    for epoch in range(1, run.phase.epochs + 1):
        set_modes(setup.classifier, run.phase)
        tally = yield from run_epoch(setup, run, epoch)
        reached = yield from validate(setup, run)
        rank = reached.rank(setup.job.training.best_metric)
        best = setup.best.offer(rank, run.number, epoch)
        epochs.append(_epoch_done(run, epoch, tally, reached, rank[0], best=best))
        yield epochs[-1]
        improved = best_rank is None or rank > best_rank
        best_rank, idle = (rank, 0) if improved else (best_rank, idle + 1)
        if run.phase.patience is not None and idle >= run.phase.patience:
            return epochs, f"no gain on validation for {idle} epochs"
    return epochs, "all epochs done"


def _phase_started(run: PhaseRun) -> PhaseStarted:
    return PhaseStarted(
        phase=run.number,
        name=run.phase.name,
        epochs=run.phase.epochs,
        steps_per_epoch=run.batches,
        rates=dict(run.phase.rates),
        precision=run.precision.name,
    )


def _epoch_done(
    run: PhaseRun, epoch: int, tally: Tally, reached: Scores, score: float, *, best: bool
) -> EpochDone:
    return EpochDone(
        phase=run.number,
        epoch=epoch,
        train_loss=tally.mean_loss,
        train_accuracy=tally.right / tally.images,
        validation_loss=reached.loss,
        validation_accuracy=reached.accuracy,
        validation_balanced_accuracy=reached.balanced_accuracy,
        validation_macro_f1=reached.macro_f1,
        score=score,
        best=best,
        seconds=tally.seconds,
        images_per_second=tally.speed,
    )


def _report(
    setup: TrainingSetup,
    phase: Phase,
    epochs: list[EpochDone],
    before: tuple[float, float] | None,
) -> PhaseReport:
    best = max(epochs, key=lambda epoch: (epoch.score, -epoch.validation_loss))
    return PhaseReport(
        phase=phase,
        epochs_run=len(epochs),
        best_epoch=best.epoch,
        best_score=best.score,
        best_loss=best.validation_loss,
        best_accuracy=best.validation_accuracy,
        improved=_rank_rose(before, setup.best),
    )


def _rank_rose(before: tuple[float, float] | None, best: BestWeights) -> bool:
    return best.rank is not None and (before is None or best.rank > before)


def _notice(text: str) -> Notice:
    return Notice(level="info", text=text)
