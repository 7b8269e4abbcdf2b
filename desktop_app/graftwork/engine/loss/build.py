"""Builds the loss of training steps: cross entropy, with what the user asks for beyond it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from graftwork.engine.training_settings import LossSettings

from .class_balance import class_weights, log_prior

LossFunction = Callable[[Tensor, Tensor], Tensor]
"""The mean loss of logits (N, C), float32, for targets (N), int64, or (N, C), float32.

It is a sum over images divided by N: parts of a batch add up, each times its part of the images.
"""

_TINY = 1e-7


def build_loss(settings: LossSettings, counts: Tensor, device: torch.device) -> LossFunction:
    """The loss that the settings describe; ``counts`` are the training images of each class (C).

    What each class would cost is ``-log p``, times ``(1 - p)^gamma`` if it is focal (Lin et al.,
    "Focal Loss for Dense Object Detection", 2017). Label smoothing moves a part of the target to
    the mean cost of all classes (Szegedy et al., 2016). A weight belongs to the image, not to the
    classes that smoothing adds. A soft target costs the mean over its classes. Logit adjustment
    adds ``tau log prior`` to the logits while training, and only then (Menon et al., "Long-tail
    learning via logit adjustment", 2021).
    """
    smoothing, gamma = settings.label_smoothing, settings.focal_gamma
    if settings.class_weights == "none" and not gamma and not settings.logit_adjustment:
        return partial(functional.cross_entropy, label_smoothing=smoothing)
    weights = class_weights(settings.class_weights, counts).to(device)
    shift = (settings.logit_adjustment * log_prior(counts)).to(device)

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        costs = _costs(logits + shift, gamma)
        shares = weights * _shares(targets, costs)
        smoothed = shares.sum(1) * costs.mean(1)
        return torch.lerp((shares * costs).sum(1), smoothed, smoothing).mean()

    return loss


def _costs(logits: Tensor, gamma: float) -> Tensor:
    """What each class would cost (N, C) if it were the right one."""
    chances = logits.log_softmax(1)
    if not gamma:
        return -chances
    # The slope of a small power is infinite at 0, which a sure answer reaches in float32.
    return (-chances.expm1()).clamp(min=_TINY) ** gamma * -chances


def _shares(targets: Tensor, costs: Tensor) -> Tensor:
    if targets.is_floating_point():
        return targets
    return functional.one_hot(targets, costs.shape[1]).to(costs.dtype)
