"""Before a phase's first gradient step: its network, its inputs and all that a step needs."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import torch
from torch import Tensor

from graftwork.data.augmentation import sample_seed
from graftwork.plugin_api import EMA, EWC, SWA, Phase, WiSE

from ..averaging import Averager, build_averager, following_norms
from ..checkpoints.files import Checkpoint
from ..checkpoints.saving import load_model, load_phase
from ..device import PrecisionChoice, choose_precision, full_precision
from ..errors import TrainingError
from ..events import Notice, TrainingEvent
from ..freezing import changing_stages, frozen_backbone, set_learning
from ..frozen.phase_inputs import phase_inputs
from ..inputs import PhaseInputs
from ..learning.batch_norm import re_estimate
from ..learning.choices import chosen_augment, with_user_choices
from ..learning.importance import measure_importance
from ..learning.parameters import prepare_weights
from ..learning.reinitialize import drawn_anew
from ..learning.sample import StoredSample
from ..loss.build import build_loss
from ..loss.mixing import build_mixing
from ..optimizer import build_optimizer
from ..penalties import build_penalty
from ..setup import TrainingSetup
from ..speed.step_logits import step_logits
from ..steps import PhaseRun, batch_count


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


def _precision_notice(precision: PrecisionChoice) -> Notice:
    text = f"Training steps in {precision.name}: {precision.reason}."
    return Notice(level="warning" if precision.slow else "info", text=text)
