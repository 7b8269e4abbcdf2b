"""What goes wrong in training, in words for a person."""

from __future__ import annotations

from graftwork.plugin_api import GraftworkError


class TrainingError(GraftworkError):
    """Training cannot start or go on; the message says why and what to do."""


def no_earlier_sample() -> TrainingError:
    """What to say where EWC has nothing to measure by."""
    return TrainingError(
        "The penalty ewc needs a run that starts from another run with a stored sample "
        "(keep_sample above 0 in that run). The penalty l2-sp does without."
    )
