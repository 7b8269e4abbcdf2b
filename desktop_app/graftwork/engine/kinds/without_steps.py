"""Says which of the user's choices do nothing in a phase whose head is computed, not trained."""

from __future__ import annotations

from collections.abc import Iterator

from graftwork.engine.events import Notice
from graftwork.engine.training_settings import TrainingSettings

_FOR_STEPS = (
    "augmentation",
    "policy",
    "erasing",
    "mixup",
    "cutmix",
    "views",
    "dropout",
    "schedule",
    "stage_schedules",
    "warmup",
    "weight_decay",
    "stochastic_depth",
    "batch_norm",
    "penalty",
    "averaging",
    "keep_epochs",
)


def without_effect(settings: TrainingSettings) -> Iterator[Notice]:
    """A warning, if there is any; ``augmentation=none`` is what such a phase does anyway."""
    fields = TrainingSettings.model_fields
    chosen = {name: getattr(settings, name) for name in _FOR_STEPS}
    idle = [
        name
        for name, value in chosen.items()
        if value not in {fields[name].default, "auto", "none", None}
    ]
    if idle:
        text = (
            "The head is computed from features of the images as they are, without training steps, "
            f"so these settings do nothing here: {', '.join(idle)}."
        )
        yield Notice(level="warning", text=text)
