"""What makes up for rare classes, once."""

from __future__ import annotations

from graftwork.engine.errors import TrainingError
from graftwork.engine.training_settings import LossSettings


def check_corrections(settings: LossSettings) -> None:
    """Raise ``TrainingError`` if several settings correct for the same thing."""
    corrections = {
        "class_weights": settings.class_weights != "none",
        "sampling=balanced": settings.sampling == "balanced",
        "logit_adjustment": settings.logit_adjustment > 0,
    }
    chosen = [name for name, wanted in corrections.items() if wanted]
    if len(chosen) > 1:
        msg = (
            f"{' and '.join(chosen)} each make up for rare classes: together they would do so "
            "more than once, and rare classes would be found where they are not. Choose one."
        )
        raise TrainingError(msg)
