"""The epoch and the step: the innermost loop of training, and validation."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Optimizer

from graftwork.data.augmentation import Augment, sample_seed
from graftwork.data.throttle import Throttle
from graftwork.plugin_api import Phase

from .device import PrecisionChoice
from .errors import TrainingError
from .events import Progress, StepDone, TrainingEvent
from .inputs import PhaseInputs
from .optimizer import set_rates
from .rates.schedule import phase_rates
from .scores import Scores, scores
from .setup import TrainingSetup

_VALIDATION_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class PhaseRun:
    """One phase at work: what it trains on, with what."""

    number: int
    phase: Phase
    inputs: PhaseInputs
    optimizer: Optimizer
    augment: Augment | None
    precision: PrecisionChoice
    scaler: torch.amp.GradScaler
    batches: int


@dataclass
class Tally:
    """Sums over training steps; ``seconds`` leave out the time that listeners take."""

    loss: float = 0.0
    right: int = 0
    images: int = 0
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Take another tally's sums in."""
        self.loss += other.loss
        self.right += other.right
        self.images += other.images
        self.seconds += other.seconds

    @property
    def mean_loss(self) -> float:
        """The mean loss of an image."""
        return self.loss / self.images

    @property
    def speed(self) -> float:
        """Images a second."""
        return self.images / max(self.seconds, 1e-9)


@dataclass
class _Pace:
    """The steps since the last event, and whether the next is due."""

    since: Tally = field(default_factory=Tally)
    throttle: Throttle = field(default_factory=Throttle)


def batch_count(images: int, batch_size: int) -> int:
    """Steps in an epoch; a last batch of a single image is left out where there are others."""
    whole, rest = divmod(images, batch_size)
    return max(1, whole + (rest > 1))


def run_epoch(
    setup: TrainingSetup, run: PhaseRun, epoch: int
) -> Generator[TrainingEvent, None, Tally]:
    """One pass over the training images, in an order that depends on seed, phase and epoch."""
    seed = sample_seed(setup.job.seed, run.number, epoch)
    torch.manual_seed(seed)
    order = torch.randperm(len(run.inputs.train(epoch).labels))
    whole, pace = Tally(), _Pace()
    for step, places in enumerate(order.split(setup.job.training.batch_size)[: run.batches], 1):
        tally = _timed_step(setup, run, places, epoch, step)
        whole.add(tally)
        pace.since.add(tally)
        if pace.throttle.due() or step == run.batches:
            yield _step_done(run, epoch, step, pace.since)
            pace.since = Tally()
            yield from _load(setup)
    return whole


def validate(setup: TrainingSetup, run: PhaseRun) -> Generator[Progress, None, Scores]:
    """Figures on the validation images, in fp32, as they will be evaluated and exported."""
    setup.classifier.eval()
    labels, throttle = run.inputs.validation.labels, Throttle(0.5)
    throttle.due()
    chunks = []
    for places in torch.arange(len(labels)).split(_VALIDATION_BATCH):
        chunks.append(_logits_without_gradients(setup, run, places))
        if throttle.due():
            yield Progress(what="Validating", done=int(places[-1]) + 1, total=len(labels))
    logits = torch.cat(chunks)
    loss = float(functional.cross_entropy(logits, labels))
    _refuse_non_finite(loss, run, "on the validation images")
    return scores(labels.numpy(), logits.argmax(1).numpy(), loss)


def _timed_step(
    setup: TrainingSetup, run: PhaseRun, places: Tensor, epoch: int, step: int
) -> Tally:
    began = time.perf_counter()
    done = (epoch - 1) * run.batches + step - 1
    set_rates(run.optimizer, phase_rates(run.phase, done, run.phase.epochs * run.batches))
    labels = run.inputs.train(epoch).labels[places].to(setup.device)
    inputs = _augmented(setup, run, places, epoch).to(setup.device, non_blocking=True)
    loss, logits = _learn(setup, run, inputs, labels)
    _refuse_non_finite(loss, run, f"in epoch {epoch}, step {step}")
    right = int((logits.argmax(1) == labels).sum())
    seconds = time.perf_counter() - began
    return Tally(loss=loss * len(places), right=right, images=len(places), seconds=seconds)


def _learn(
    setup: TrainingSetup, run: PhaseRun, inputs: Tensor, labels: Tensor
) -> tuple[float, Tensor]:
    """One step of the optimizer: the loss and the logits before it."""
    dtype = run.precision.dtype
    with torch.autocast(setup.device.type, dtype, enabled=dtype is not None):
        logits = run.inputs.logits(inputs)
    smoothing = setup.job.training.label_smoothing
    loss = functional.cross_entropy(logits.float(), labels, label_smoothing=smoothing)
    run.optimizer.zero_grad(set_to_none=True)
    run.scaler.scale(loss).backward()
    run.scaler.step(run.optimizer)
    run.scaler.update()
    return float(loss.detach()), logits.detach()


def _augmented(setup: TrainingSetup, run: PhaseRun, places: Tensor, epoch: int) -> Tensor:
    inputs = run.inputs.train(epoch).batch(places)
    if run.augment is None:
        return inputs
    parts = (setup.job.seed, run.number, epoch)
    return run.augment(inputs, [sample_seed(*parts, place) for place in places.tolist()])


@torch.no_grad()
def _logits_without_gradients(setup: TrainingSetup, run: PhaseRun, places: Tensor) -> Tensor:
    return run.inputs.logits(run.inputs.validation.batch(places).to(setup.device)).float().cpu()


def _step_done(run: PhaseRun, epoch: int, step: int, since: Tally) -> StepDone:
    rates = {group["stage"]: float(group["lr"]) for group in run.optimizer.param_groups}
    return StepDone(
        phase=run.number,
        epoch=epoch,
        step=step,
        steps_per_epoch=run.batches,
        loss=since.mean_loss,
        images_per_second=since.speed,
        rates=rates,
    )


def _load(setup: TrainingSetup) -> Generator[TrainingEvent, None, None]:
    sample = setup.monitor.sample()
    if sample is not None:
        yield sample


def _refuse_non_finite(loss: float, run: PhaseRun, where: str) -> None:
    if math.isfinite(loss):
        return
    msg = (
        f"The loss became {loss} in phase {run.phase.name!r}, {where}: training "
        "diverged, so the run was stopped. The best weights until then are kept. A learning rate "
        "ten times lower usually helps; so does precision=fp32."
    )
    raise TrainingError(msg)
