"""Says which of the user's choices do nothing in a phase whose head is computed, not trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graftwork.engine.events import Notice
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import PrototypeHead, SolvedHead

_FOR_STEPS = (
    "augmentation",
    "policy",
    "erasing",
    "mixup",
    "cutmix",
    "views",
    "dropout",
    "accumulate",
    "optimizer",
    "schedule",
    "stage_schedules",
    "warmup",
    "momentum",
    "clip_gradients",
    "weight_decay",
    "stochastic_depth",
    "batch_norm",
    "penalty",
    "averaging",
    "keep_epochs",
)

_FOR_A_LOSS = (
    "label_smoothing",
    "class_weights",
    "sampling",
    "focal_gamma",
    "logit_adjustment",
)
"""A solved head minimizes a loss and heeds all of these; prototypes are means."""


def without_effect(
    settings: TrainingSettings, phase: SolvedHead | PrototypeHead
) -> Iterator[Notice]:
    """A warning, if there is any; ``augmentation=none`` is what such a phase does anyway."""
    means = isinstance(phase, PrototypeHead)
    idle = _chosen(settings, (*_FOR_STEPS, *_FOR_A_LOSS) if means else _FOR_STEPS)
    if idle:
        without = "training steps or a loss" if means else "training steps"
        text = (
            f"The head is computed from features of the images as they are, without {without}, so "
            f"these settings do nothing in this phase: {', '.join(idle)}."
        )
        yield Notice(level="warning", text=text)


def _chosen(settings: TrainingSettings, names: Sequence[str]) -> list[str]:
    """Those of these settings that say something else than they do by default."""
    fields = TrainingSettings.model_fields
    return [
        name
        for name in names
        if getattr(settings, name) not in {fields[name].default, "auto", "none", None}
    ]
