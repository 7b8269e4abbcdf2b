"""Real training steps of rising size, in a process of their own that may die of it."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection

import torch
from torch.nn import functional

from graftwork.engine.classifier import Classifier, build_classifier
from graftwork.engine.classifier_info import ClassifierInfo
from graftwork.engine.device import choose_device, choose_precision
from graftwork.engine.freezing import set_modes
from graftwork.engine.heap import keep_heap
from graftwork.engine.learning.choices import with_user_choices
from graftwork.engine.optimizer import build_optimizer
from graftwork.engine.training_settings import TrainingSettings
from graftwork.memory import is_out_of_memory
from graftwork.plugin_api import Backbone, Phase

from ..speed.fusion import Fusion, find_fusion

_STEPS = 2
_SHARE_OF_GPU = 0.85


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is trained, and on how many images at once, fewest first."""

    backbone: Backbone
    info: ClassifierInfo
    training: TrainingSettings
    sizes: tuple[int, ...]


def try_sizes(channel: Connection, trial: Trial) -> None:
    """Send each size that fits, until one does not; what else goes wrong is sent as a text."""
    keep_heap()
    try:
        _try(channel, trial)
    except Exception as error:
        if not is_out_of_memory(error):
            channel.send(f"{type(error).__name__}: {error}")
    finally:
        channel.close()


def _try(channel: Connection, trial: Trial) -> None:
    device = choose_device(trial.training.device)
    if device.type == "cuda":
        _leave_room(device)
    classifier = build_classifier(trial.backbone, trial.info)
    classifier = classifier.to(device).to(memory_format=torch.channels_last)
    for size in trial.sizes:
        _train(classifier, trial.training, size, device)
        channel.send(size)


def _leave_room(device: torch.device) -> None:
    """A run holds more than its steps do: weights as they were, the best, a batch that waits."""
    free, whole = torch.cuda.mem_get_info(device)
    torch.cuda.set_per_process_memory_fraction(_SHARE_OF_GPU * free / whole, device)


def _train(
    classifier: Classifier, training: TrainingSettings, size: int, device: torch.device
) -> None:
    """All stages learn, with their norms unless the user keeps them: no strategy needs more."""
    stages = classifier.named_stages()
    phase = Phase(name="Trial", epochs=1, rates=dict.fromkeys(stages, 1e-6), batch_norm="learning")
    if size == 1:  # which has no statistics of its own
        classifier.eval()
    else:
        set_modes(classifier, with_user_choices(phase, training))
    optimizer = build_optimizer(stages, phase.rates, training)
    precision = choose_precision(training.precision, device, classifier.stages)
    pixels = _pixels(classifier, size, device)
    on_cpu = device.type == "cpu"  # as in training
    fusion = (
        find_fusion(classifier.stages, classifier.normalize(pixels[:1])) if on_cpu else Fusion()
    )
    for _ in range(_STEPS):
        with (
            torch.autocast(device.type, precision.dtype, enabled=precision.dtype is not None),
            fusion.applied(),
        ):
            logits = classifier.logits(pixels)
        labels = torch.zeros(size, dtype=torch.long, device=device)
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(logits.float(), labels).backward()
        optimizer.step()


def _pixels(classifier: Classifier, size: int, device: torch.device) -> torch.Tensor:
    spec = classifier.info.input
    shape = (size, spec.channels, spec.size, spec.size)
    pixels = torch.zeros(shape, dtype=torch.uint8, device=device)
    return pixels.contiguous(memory_format=torch.channels_last)


def rising_sizes(most: int) -> tuple[int, ...]:
    """1, 2, 4 and so on, and ``most`` itself."""
    return (*(2**power for power in range((most - 1).bit_length())), most)
