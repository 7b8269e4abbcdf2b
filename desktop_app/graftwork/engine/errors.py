"""What goes wrong in training, in words for a person."""

from __future__ import annotations

from graftwork.plugin_api import GraftworkError


class TrainingError(GraftworkError):
    """Training cannot start or go on; the message says why and what to do."""
