"""Measures how much each stage wants to change; nothing learns.

Lee et al., "Surgical Fine-Tuning Improves Adaptation to Distribution Shifts" (2023), Auto-RGN: the
norm of the gradient of the mean loss over a stage's weights, divided by the norm of these weights.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from graftwork.data.augmentation import sample_seed
from graftwork.data.throttle import Throttle
from graftwork.plugin_api import HEAD, MeasuredStages, PhaseReport

from ..classifier import Classifier
from ..events import Notice, PhaseEnded, PhaseStarted, Progress, TrainingEvent
from ..frozen.phase_inputs import live_inputs
from ..inputs import Samples
from ..learning.balanced import balanced_places
from ..scores import Scores
from ..setup import TrainingSetup
from ..steps import validation_scores

GRADIENT_BATCH = 16
"""As many images go forward and backward at once, whatever the size of the job's steps."""


def run_measured_stages(
    setup: TrainingSetup, phase: MeasuredStages, number: int
) -> Generator[TrainingEvent, None, PhaseReport]:
    """Measure at the best weights so far; the report's figures are theirs.

    Before anything has learned, these are the first weights, with a head that knows nothing: the
    measures then say little, so that a strategy should train the head first.
    """
    setup.best.restore()
    seed = sample_seed(setup.job.seed, number)
    places = balanced_places(setup.train.labels, phase.images, seed)
    measures = yield from measure_stages(setup.classifier, setup.train, places, setup.device)
    inputs = live_inputs(setup)
    reached = yield from validation_scores(setup, inputs, phase.name)
    yield _started(phase, number)
    yield _notice(measures)
    yield PhaseEnded(
        phase=number,
        epochs_run=0,
        best_epoch=0,
        best_accuracy=reached.accuracy,
        reason=f"measured on {len(places)} images",
    )
    return _report(setup, phase, reached, measures)


def measure_stages(
    classifier: Classifier, samples: Samples, places: Tensor, device: torch.device
) -> Generator[Progress, None, dict[str, float]]:
    """Gradient norm over weight norm of each backbone stage that has weights.

    The gradient is that of the mean cross-entropy over the samples at these places, with the kept
    statistics of batch normalization. The classifier's weights and statistics stay as they are.
    """
    learning = [p for p in classifier.parameters() if p.requires_grad]
    classifier.eval().requires_grad_(True)
    try:
        yield from _sum_gradients(classifier, samples, places, device)
        stages = classifier.named_stages()
        return {name: _ratio(s) for name, s in stages.items() if name != HEAD and _has_weights(s)}
    finally:
        classifier.zero_grad(set_to_none=True)
        classifier.requires_grad_(False)
        for parameter in learning:
            parameter.requires_grad_(True)


def _has_weights(stage: nn.Module) -> bool:
    return any(True for _ in stage.parameters())


def _sum_gradients(
    classifier: Classifier, samples: Samples, places: Tensor, device: torch.device
) -> Generator[Progress, None, None]:
    classifier.zero_grad(set_to_none=True)
    throttle, done = Throttle(), 0
    for batch in places.split(GRADIENT_BATCH):
        logits = classifier.logits(samples.batch(batch).to(device))
        loss = functional.cross_entropy(logits, samples.labels[batch].to(device), reduction="sum")
        (loss / len(places)).backward()
        done += len(batch)
        if throttle.due() or done == len(places):
            yield Progress(what="Measuring stages", done=done, total=len(places))


def _ratio(stage: nn.Module) -> float:
    weights = list(stage.parameters())
    return _norm(p.grad for p in weights if p.grad is not None) / max(_norm(weights), 1e-12)


def _norm(tensors: Iterable[Tensor]) -> float:
    return math.hypot(*(float(torch.linalg.vector_norm(tensor.detach())) for tensor in tensors))


def _report(
    setup: TrainingSetup, phase: MeasuredStages, reached: Scores, measures: dict[str, float]
) -> PhaseReport:
    return PhaseReport(
        phase=phase,
        epochs_run=0,
        best_epoch=0,
        best_score=reached.rank(setup.job.training.best_metric)[0],
        best_loss=reached.loss,
        best_accuracy=reached.accuracy,
        improved=False,
        measures=measures,
    )


def _started(phase: MeasuredStages, number: int) -> PhaseStarted:
    return PhaseStarted(
        phase=number, name=phase.name, epochs=1, steps_per_epoch=1, rates={}, precision="fp32"
    )


def _notice(measures: dict[str, float]) -> Notice:
    falling = sorted(measures.items(), key=lambda pair: -pair[1])
    figures = ", ".join(f"{name} {ratio:.2e}" for name, ratio in falling)
    return Notice(level="info", text=f"Gradient over weight, by stage: {figures}.")
