"""A phase that learns by gradients: freeze, choose the cheapest way, train, validate, keep."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext, suppress

from graftwork.plugin_api import SWA, Phase, PhaseReport, WiSE

from ..checkpoints.files import Checkpoint
from ..checkpoints.progress import PhaseProgress, Rank
from ..checkpoints.saving import write
from ..events import EpochDone, Notice, PhaseStarted, Progress, TrainingEvent, WeightsMixed
from ..freezing import set_modes
from ..keeping import keep_best, keep_epoch
from ..learning.batch_norm import re_estimate
from ..learning.low_rank import merge_low_rank
from ..learning.wise import choose_mixture
from ..scores import Scores
from ..setup import TrainingSetup
from ..speed.compiling import CompiledLogits
from ..steps import PhaseRun, run_epoch, validate
from ..training_settings import BestMetric
from .gradient_beginning import begin_gradient_phase
from .reporting import epoch_done, phase_ended, phase_report


def run_gradient_phase(
    setup: TrainingSetup, wanted: Phase, number: int, midway: Checkpoint | None
) -> Generator[TrainingEvent, None, PhaseReport]:
    """Train as the phase and the user's choices say, and report what it reached.

    ``midway`` is the checkpoint in the midst of the phase from which to go on. Closed in the
    midst, the phase leaves such a checkpoint.
    """
    run = yield from begin_gradient_phase(setup, wanted, number, midway)
    if not midway:
        yield _phase_started(run)
    try:
        reason = yield from _run_epochs(setup, run)
    except GeneratorExit:
        _keep_place(setup, run)
        raise
    yield from _finish(setup, run)
    yield phase_ended(run.number, run.progress.epochs, reason)
    improved = setup.best.phase == run.number
    return phase_report(wanted, run.progress.epochs, improved=improved)


def _run_epochs(setup: TrainingSetup, run: PhaseRun) -> Generator[TrainingEvent, None, str]:
    """Go through the epochs that are left; the reason for which the phase ended."""
    patience = run.phase.patience
    while run.progress.epoch <= run.phase.epochs:
        if patience is not None and run.progress.idle >= patience and _averages(run):
            return f"no gain on validation for {run.progress.idle} epochs"
        set_modes(setup.classifier, run.phase)
        yield from run_epoch(setup, run)
        yield from _say_if_not_compiled(run)
        yield from _end_epoch(setup, run)
    return "all epochs done"


def _averages(run: PhaseRun) -> bool:
    """Whether an average of epochs, if one is wanted, has begun: it would else never be."""
    averaging = run.phase.averaging
    over = run.progress.epoch - 1
    return not isinstance(averaging, SWA) or over > averaging.start * run.phase.epochs


def _say_if_not_compiled(run: PhaseRun) -> Generator[Notice, None, None]:
    failure = run.logits.failure if isinstance(run.logits, CompiledLogits) else None
    if failure and run.progress.epoch == 1:
        yield _notice(f"Training steps could not be compiled and run as they are: {failure}")


def _end_epoch(setup: TrainingSetup, run: PhaseRun) -> Generator[TrainingEvent, None, None]:
    """Validate the weights that the epoch reached, or their average, and keep them if best."""
    if run.averager and not run.progress.averaged:
        run.averager.after_epoch(run.progress.epoch, run.phase.epochs)
        run.progress = run.progress.model_copy(update={"averaged": True})
    with run.averager.applied() if run.averager else nullcontext():
        yield from _measure_stale_statistics(setup, run)
        reached = yield from validate(setup, run)
        rank = reached.rank(setup.job.training.best_metric)
        best = yield from keep_best(setup, rank, run.number, run.progress.epoch)
        yield from keep_epoch(setup, run.number, run.progress.epoch)
    progress = run.progress
    done = epoch_done(run.number, progress.epoch, progress.tally, reached, rank[0], best=best)
    run.progress = _next_epoch(run.progress, done, rank)
    yield done


def _next_epoch(progress: PhaseProgress, done: EpochDone, rank: Rank) -> PhaseProgress:
    improved = progress.best_rank is None or rank > progress.best_rank
    return PhaseProgress(
        epoch=progress.epoch + 1,
        epochs=(*progress.epochs, done),
        best_rank=rank if improved else progress.best_rank,
        idle=0 if improved else progress.idle + 1,
    )


def _keep_place(setup: TrainingSetup, run: PhaseRun) -> None:
    """The run is stopped: it can go on from here. What a full disk loses is some steps."""
    with suppress(OSError):
        write(setup, run)


def _measure_stale_statistics(
    setup: TrainingSetup, run: PhaseRun
) -> Generator[Progress, None, None]:
    """Averaged weights meet other values than those that batch normalization followed."""
    stale = run.averager.stale_statistics if run.averager else frozenset()
    if stale:
        yield from re_estimate(setup.classifier, setup.train, setup.device, stages=stale)


def _finish(setup: TrainingSetup, run: PhaseRun) -> Generator[TrainingEvent, None, None]:
    """Take in what was added to the network, and mix its first with its best weights if wanted."""
    for stage in setup.classifier.named_stages().values():
        merge_low_rank(stage)
    if not isinstance(run.phase.averaging, WiSE):
        return
    if setup.best.phase == run.number:
        yield from _mix(setup, run, run.phase.averaging)
    else:
        yield _notice(
            "Nothing was mixed: no epoch of this phase was better on validation than the weights "
            "that it began with, and those stay."
        )


def _mix(
    setup: TrainingSetup, run: PhaseRun, averaging: WiSE
) -> Generator[TrainingEvent, None, None]:
    setup.best.restore()
    metric = setup.job.training.best_metric
    part, reached = yield from choose_mixture(
        averaging, setup.classifier, run.first, lambda: validate(setup, run), metric
    )
    if setup.best.offer(reached.rank(metric), run.number, setup.best.epoch):
        yield _weights_mixed(run.number, part, reached, metric)
    yield _notice(
        f"Mixed {part:.0%} of the phase's best weights with its first: validation accuracy "
        f"{reached.accuracy:.3f}, loss {reached.loss:.3f}, Brier score {reached.brier:.3f}."
    )


def _weights_mixed(phase: int, part: float, reached: Scores, metric: BestMetric) -> WeightsMixed:
    return WeightsMixed(
        phase=phase,
        part=part,
        validation_loss=reached.loss,
        validation_brier=reached.brier,
        validation_accuracy=reached.accuracy,
        score=reached.rank(metric)[0],
    )


def _phase_started(run: PhaseRun) -> PhaseStarted:
    return PhaseStarted(
        phase=run.number,
        name=run.phase.name,
        epochs=run.phase.epochs,
        steps_per_epoch=run.batches,
        rates=dict(run.phase.rates),
        precision=run.precision.name,
    )


def _notice(text: str) -> Notice:
    return Notice(level="info", text=text)
