"""A phase that learns by gradients: freeze, choose the cheapest way, train, validate, keep."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import nullcontext, suppress

import torch
from torch import Tensor

from graftwork.data.augmentation import sample_seed
from graftwork.plugin_api import EMA, EWC, SWA, Phase, PhaseReport, WiSE

from ..averaging import Averager, build_averager, following_norms
from ..checkpoints.files import Checkpoint
from ..checkpoints.progress import PhaseProgress, Rank
from ..checkpoints.saving import load_model, load_phase, write
from ..device import PrecisionChoice, choose_precision, full_precision
from ..errors import TrainingError
from ..events import EpochDone, Notice, PhaseStarted, Progress, TrainingEvent
from ..freezing import changing_stages, frozen_backbone, set_learning, set_modes
from ..frozen.phase_inputs import phase_inputs
from ..inputs import PhaseInputs
from ..keeping import keep_best, keep_epoch
from ..learning.batch_norm import re_estimate
from ..learning.choices import chosen_augment, with_user_choices
from ..learning.importance import measure_importance
from ..learning.low_rank import merge_low_rank
from ..learning.parameters import prepare_weights
from ..learning.reinitialize import drawn_anew
from ..learning.sample import StoredSample
from ..learning.wise import choose_mixture
from ..loss.build import build_loss
from ..loss.mixing import build_mixing
from ..optimizer import build_optimizer
from ..penalties import build_penalty
from ..scores import Scores
from ..setup import TrainingSetup
from ..speed.compiling import CompiledLogits
from ..speed.step_logits import step_logits
from ..steps import PhaseRun, batch_count, run_epoch, validate
from .reporting import phase_ended, phase_report


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


def begin_gradient_phase(
    setup: TrainingSetup, wanted: Phase, number: int, midway: Checkpoint | None
) -> Generator[TrainingEvent, None, PhaseRun]:
    """All that is done before a phase's first step, or before it goes on in its midst."""
    phase = with_user_choices(wanted, setup.job.training)
    importance = yield from _importance(setup, phase)
    setup.best.begin_phase(changing_stages(setup.classifier, phase))
    first = setup.best.tensors()
    yield from _begin(setup, phase, number, midway)
    run = yield from _prepare(setup, phase, number, first, importance)
    if midway:
        load_phase(setup, run, midway)
    return run


def _importance(
    setup: TrainingSetup, phase: Phase
) -> Generator[TrainingEvent, None, dict[str, Tensor] | None]:
    """What EWC has to know of the earlier run; it is the same at every resumption."""
    if not isinstance(phase.penalty, EWC):
        return None
    if setup.earlier is None:
        if setup.no_sample:
            raise TrainingError(setup.no_sample)
        return None
    _check_earlier(setup.head_is_new, setup.earlier)
    return (
        yield from measure_importance(
            setup.classifier,
            setup.reference,
            setup.earlier,
            setup.device,
            images=phase.penalty.images,
            seed=setup.job.seed,
        )
    )


def _check_earlier(head_is_new: bool, earlier: StoredSample) -> None:
    """Raise ``TrainingError`` if EWC has nobody to ask what must not be forgotten."""
    if head_is_new:
        msg = (
            "EWC asks the earlier run's head what must not be forgotten, and here the head begins "
            "anew: keep its kind (head=..., and a tree of classes as it was), or set "
            "penalty=l2-sp."
        )
        raise TrainingError(msg)
    if len(earlier.labels.unique()) == 1:
        msg = (
            "EWC asks what tells the earlier run's classes from each other, and only one of them "
            "is here: set penalty=l2-sp."
        )
        raise TrainingError(msg)


def _begin(
    setup: TrainingSetup, phase: Phase, number: int, midway: Checkpoint | None
) -> Generator[TrainingEvent, None, None]:
    """Bring the network into the state from which the phase learns, or goes on to learn."""
    prepare_weights(setup.classifier, phase, sample_seed(setup.job.seed, number))
    set_learning(setup.classifier, phase)
    if midway:
        load_model(setup, midway)
    elif phase.batch_norm == "re-estimated":
        yield from re_estimate(setup.classifier, setup.train, setup.device)
    setup.processes.agree(setup.classifier)


def _prepare(
    setup: TrainingSetup,
    phase: Phase,
    number: int,
    first: dict[str, Tensor],
    importance: dict[str, Tensor] | None,
) -> Generator[TrainingEvent, None, PhaseRun]:
    _check_batches(setup, phase)
    level = phase.augmentation or setup.augmentation
    inputs = yield from phase_inputs(setup, phase, level)
    precision = _precision(setup, phase, inputs)
    yield _precision_notice(precision)
    classifier, training = setup.classifier, setup.job.training
    batches = batch_count(len(inputs.train(1).labels), training.batch_size)
    logits = yield from step_logits(
        setup.job,
        classifier.stages,
        inputs,
        setup.device,
        steps=batches * phase.epochs,
        images=len(setup.processes.share(torch.arange(training.batch_size)).places),
    )
    return PhaseRun(
        number=number,
        phase=phase,
        inputs=inputs,
        logits=logits,
        optimizer=build_optimizer(classifier.named_stages(), phase.rates, training),
        augment=chosen_augment(phase, level, training) if inputs.live else None,
        mixing=build_mixing(training, len(classifier.info.classes)),
        loss=build_loss(training, _counts(setup), setup.device),
        penalty=build_penalty(
            phase.penalty, classifier, setup.reference, importance, new=_new_stages(setup, phase)
        ),
        averager=_averager(setup, phase),
        precision=precision,
        scaler=torch.amp.GradScaler(setup.device.type, enabled=precision.name == "fp16"),
        batches=batches,
        following=following_norms(classifier, phase),
        first=_copies(first) if isinstance(phase.averaging, WiSE) else {},
    )


def _check_batches(setup: TrainingSetup, phase: Phase) -> None:
    training = setup.job.training
    if min(training.batch_size, len(setup.train.labels)) > 1:
        return
    if len(following_norms(setup.classifier, phase)):
        msg = (
            "Batch normalization that follows your images needs two of them in each step, and has "
            "one: set batch_size=2 or more, or batch_norm=frozen."
        )
        raise TrainingError(msg)
    if training.mixup or training.cutmix:
        msg = (
            "MixUp and CutMix mix the images of a step with each other, and there is one in each: "
            "set batch_size=2 or more, or mixup=0 and cutmix=0."
        )
        raise TrainingError(msg)


def _copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in tensors.items()}


def _precision(setup: TrainingSetup, phase: Phase, inputs: PhaseInputs) -> PrecisionChoice:
    if frozen_backbone(phase) and not inputs.live:
        return full_precision("the head alone costs next to nothing")
    wanted = setup.job.training.precision
    return choose_precision(wanted, setup.device, setup.classifier.stages)


def _counts(setup: TrainingSetup) -> Tensor:
    classes = len(setup.classifier.info.classes)
    return torch.bincount(setup.train.labels, minlength=classes)


def _new_stages(setup: TrainingSetup, phase: Phase) -> set[str]:
    """The stages without a source, to which nothing that they learned before can be due."""
    if not setup.pretrained:
        return set(setup.classifier.named_stages())
    return drawn_anew(phase, setup.reports)


def _averager(setup: TrainingSetup, phase: Phase) -> Averager | None:
    if isinstance(phase.averaging, EMA | SWA):
        return build_averager(phase.averaging, setup.classifier, phase)
    return None


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
    done = _epoch_done(run, reached, rank[0], best=best)
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
    setup.best.offer(reached.rank(metric), run.number, setup.best.epoch)
    yield _notice(
        f"Mixed {part:.0%} of the phase's best weights with its first: validation accuracy "
        f"{reached.accuracy:.3f}, loss {reached.loss:.3f}, Brier score {reached.brier:.3f}."
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


def _epoch_done(run: PhaseRun, reached: Scores, score: float, *, best: bool) -> EpochDone:
    tally = run.progress.tally
    return EpochDone(
        phase=run.number,
        epoch=run.progress.epoch,
        train_loss=tally.mean_loss,
        train_accuracy=tally.accuracy,
        validation_loss=reached.loss,
        validation_brier=reached.brier,
        validation_accuracy=reached.accuracy,
        validation_balanced_accuracy=reached.balanced_accuracy,
        validation_macro_f1=reached.macro_f1,
        score=score,
        best=best,
        seconds=tally.seconds,
        images_per_second=tally.speed,
    )


def _precision_notice(precision: PrecisionChoice) -> Notice:
    text = f"Training steps in {precision.name}: {precision.reason}."
    return Notice(level="warning" if precision.slow else "info", text=text)


def _notice(text: str) -> Notice:
    return Notice(level="info", text=text)
