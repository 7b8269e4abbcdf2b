"""The epoch and the step: the innermost loop of training, and validation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from graftwork.data.augmentation import Augment, sample_seed
from graftwork.data.throttle import Throttle
from graftwork.plugin_api import Phase

from .averaging import Averager
from .checkpoints.progress import PhaseProgress
from .checkpoints.saving import save_checkpoint
from .device import PrecisionChoice
from .errors import TrainingError
from .events import Progress, StepDone, TrainingEvent
from .inputs import PhaseInputs
from .loss.build import LossFunction
from .loss.mixing import Mixing
from .loss.sampling import epoch_order
from .optimizer import set_rates
from .rates.schedule import phase_rates
from .scores import Scores, ScoreTally
from .setup import TrainingSetup
from .speed.compiling import Logits, piece_sizes
from .speed.prefetch import prepared, to_device
from .tally import Tally

_VALIDATION_BATCH = 64


@dataclass(kw_only=True)
class PhaseRun:
    """One phase at work: what it trains on, with what, and how far it is.

    ``logits`` are those of training steps, computed as fast as they can be; ``following`` are the
    batch normalizations that follow the images; ``first`` are the weights that it began with, where
    they will be mixed with its best.
    """

    number: int
    phase: Phase
    inputs: PhaseInputs
    logits: Logits
    optimizer: Optimizer
    augment: Augment | None
    mixing: Mixing | None
    loss: LossFunction
    penalty: Callable[[], Tensor] | None
    averager: Averager | None
    precision: PrecisionChoice
    scaler: torch.amp.GradScaler
    batches: int
    following: nn.ModuleList
    first: dict[str, Tensor] = field(default_factory=dict)
    progress: PhaseProgress = field(default_factory=PhaseProgress)
    throttle: Throttle = field(default_factory=Throttle)


@dataclass
class _Meter:
    """Steps since the last event; their figures stay on the device until somebody looks.

    Reading them after every step would make a GPU wait for the processor.
    """

    losses: list[Tensor] = field(default_factory=list)
    right: list[Tensor] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    def add(self, loss: Tensor, right: Tensor, images: int) -> None:
        """Take one step in."""
        self.losses.append(loss)
        self.right.append(right)
        self.images.append(images)

    def read(self) -> tuple[list[float], Tally]:
        """The losses of these steps, and their sums."""
        losses = torch.stack(self.losses).tolist()
        tally = Tally(
            loss=sum(loss * count for loss, count in zip(losses, self.images, strict=True)),
            right=int(torch.stack(self.right).sum()),
            images=sum(self.images),
            seconds=time.perf_counter() - self.began,
        )
        return losses, tally


def batch_count(images: int, batch_size: int) -> int:
    """Steps in an epoch; a last batch of a single image is left out where there are others."""
    whole, rest = divmod(images, batch_size)
    return max(1, whole + (rest > 1))


def epoch_batches(setup: TrainingSetup, run: PhaseRun) -> tuple[Tensor, ...]:
    """The places of each step of the present epoch; they depend on seed, phase and epoch alone."""
    epoch, training = run.progress.epoch, setup.job.training
    labels = run.inputs.train(epoch).labels
    order = epoch_order(labels, training.sampling, epoch_seed(setup, run))
    batches: tuple[Tensor, ...] = order.split(training.batch_size)
    return batches[: run.batches]


def epoch_seed(setup: TrainingSetup, run: PhaseRun) -> int:
    """What the present epoch's random numbers begin with."""
    return sample_seed(setup.job.seed, run.number, run.progress.epoch)


def run_epoch(setup: TrainingSetup, run: PhaseRun) -> Generator[TrainingEvent, None, None]:
    """Do the steps of the present epoch that are not done yet."""
    if run.progress.step == 0:
        torch.manual_seed(epoch_seed(setup, run))
    batches, meter = epoch_batches(setup, run)[run.progress.step :], _Meter()
    ready = prepared(lambda places: own_batch(setup, run, places), batches, setup.device)
    for step, batch in enumerate(ready, run.progress.step + 1):
        _set_rates(run, step)
        meter.add(*learn_batch(setup, run, batch))
        due = setup.checkpoints.due()
        if due or run.throttle.due() or step == run.batches:
            since = _note(run, step, meter)
            yield _step_done(run, since)
            if due:
                yield from save_checkpoint(setup, run)
            meter = _Meter()


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one process learns from in a step: inputs and labels, on the device, at ``places``.

    ``part`` is what it is of the whole batch.
    """

    places: Tensor
    inputs: Tensor
    labels: Tensor
    part: float


def own_batch(setup: TrainingSetup, run: PhaseRun, places: Tensor) -> Batch:
    """The share of this process in the images at these places."""
    share = setup.processes.share(places)
    samples = run.inputs.train(run.progress.epoch)
    return Batch(
        places=share.places,
        inputs=to_device(samples.batch(share.places), setup.device),
        labels=to_device(samples.labels[share.places], setup.device),
        part=share.part,
    )


def learn_batch(setup: TrainingSetup, run: PhaseRun, batch: Batch) -> tuple[Tensor, Tensor, int]:
    """Learn from a batch: its mean loss before, how many were right, of how many.

    The first two stay on the device.
    """
    inputs, targets = _changed(setup, run, batch.inputs, batch.labels, batch.places)
    loss, logits = _learn(setup, run, inputs, targets, part=batch.part)
    setup.processes.average_statistics(run.following)
    if run.averager:
        run.averager.after_step()
    return loss, (logits.argmax(1) == batch.labels).sum(), len(batch.places)


def validate(setup: TrainingSetup, run: PhaseRun) -> Generator[Progress, None, Scores]:
    """Figures on the validation images, in fp32, as they will be evaluated and exported."""
    return (yield from validation_scores(setup, run.inputs, run.phase.name))


def validation_scores(
    setup: TrainingSetup, inputs: PhaseInputs, phase: str
) -> Generator[Progress, None, Scores]:
    """Figures of the present weights on the validation images of these inputs."""
    setup.classifier.eval()
    labels, throttle, tally = inputs.validation.labels, Throttle(0.5), ScoreTally()
    throttle.due()
    for places in torch.arange(len(labels)).split(_VALIDATION_BATCH):
        tally.add(_logits_without_gradients(setup, inputs, places), labels[places])
        if throttle.due():
            yield Progress(what="Validating", done=int(places[-1]) + 1, total=len(labels))
    reached = tally.scores()
    _refuse_non_finite(reached.loss, phase, "on the validation images")
    return reached


def _set_rates(run: PhaseRun, step: int) -> None:
    """The rates of a step of the present epoch, counted from 1."""
    reached = [epoch.score for epoch in run.progress.epochs]
    done = (run.progress.epoch - 1) * run.batches + step - 1
    set_rates(run.optimizer, phase_rates(run.phase, done, run.phase.epochs * run.batches, reached))


def _changed(
    setup: TrainingSetup, run: PhaseRun, inputs: Tensor, labels: Tensor, places: Tensor
) -> tuple[Tensor, Tensor]:
    """The inputs with what is random about them, and what they should be taken for."""
    parts = (setup.job.seed, run.number, run.progress.epoch)
    if run.augment:
        inputs = run.augment(inputs, [sample_seed(*parts, place) for place in places.tolist()])
    if run.mixing:
        return run.mixing(inputs, labels, sample_seed(*parts, int(places[0]), len(places)))
    return inputs, labels


def _learn(
    setup: TrainingSetup, run: PhaseRun, inputs: Tensor, targets: Tensor, *, part: float
) -> tuple[Tensor, Tensor]:
    """One step of the optimizer: the loss and the logits before it.

    ``part`` is what this process has of the step's images. Each may pass in several pieces.
    """
    run.optimizer.zero_grad(set_to_none=True)
    sizes = piece_sizes(len(targets), setup.job.training.accumulate)
    pairs = zip(inputs.split(sizes), targets.split(sizes), strict=True)
    passed = [_backward(setup, run, *pair, whole=len(targets)) for pair in pairs]
    if run.penalty:
        run.scaler.scale(run.penalty()).backward()
    learning = [p for group in run.optimizer.param_groups for p in group["params"]]
    setup.processes.average_gradients(learning, part)
    _clip(run, learning, setup.job.training.clip_gradients)
    run.scaler.step(run.optimizer)
    run.scaler.update()
    return torch.stack([loss for loss, _ in passed]).sum(), torch.cat([out for _, out in passed])


def _clip(run: PhaseRun, learning: Sequence[nn.Parameter], greatest: float | None) -> None:
    """Shorten the gradients, as one vector, to this norm (None: leave them), without a scale.

    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013).
    """
    if greatest is not None:
        run.scaler.unscale_(run.optimizer)
        clip_grad_norm_(learning, greatest)


def _backward(
    setup: TrainingSetup, run: PhaseRun, inputs: Tensor, targets: Tensor, *, whole: int
) -> tuple[Tensor, Tensor]:
    """The gradients of a part of a step's images; its share of the loss, and its logits."""
    dtype = run.precision.dtype
    with torch.autocast(setup.device.type, dtype, enabled=dtype is not None):
        logits = run.logits(inputs)
    loss = run.loss(logits.float(), targets) * (len(targets) / whole)
    run.scaler.scale(loss).backward()
    return loss.detach(), logits.detach()


@torch.no_grad()
def _logits_without_gradients(setup: TrainingSetup, inputs: PhaseInputs, places: Tensor) -> Tensor:
    return inputs.logits(inputs.validation.batch(places).to(setup.device)).float().cpu()


def _note(run: PhaseRun, step: int, meter: _Meter) -> Tally:
    """Take the steps of the meter into the phase's progress."""
    losses, since = meter.read()
    for before, loss in enumerate(losses, step - len(losses) + 1):
        _refuse_non_finite(loss, run.phase.name, f"in epoch {run.progress.epoch}, step {before}")
    tally = run.progress.tally + since
    run.progress = run.progress.model_copy(update={"step": step, "tally": tally})
    return since


def _step_done(run: PhaseRun, since: Tally) -> StepDone:
    rates = {group["stage"]: float(group["lr"]) for group in run.optimizer.param_groups}
    return StepDone(
        phase=run.number,
        epoch=run.progress.epoch,
        step=run.progress.step,
        steps_per_epoch=run.batches,
        loss=since.mean_loss,
        images_per_second=since.speed,
        rates=rates,
    )


def _refuse_non_finite(loss: float, phase: str, where: str) -> None:
    if math.isfinite(loss):
        return
    msg = (
        f"The loss became {loss} in phase {phase!r}, {where}: training "
        "diverged, so the run was stopped. The best weights until then are kept. A learning rate "
        "ten times lower usually helps; so does precision=fp32."
    )
    raise TrainingError(msg)
