"""What goes wrong with weights, in words for a person."""

from __future__ import annotations

from graftwork.plugin_api import GraftworkError


class WeightsError(GraftworkError):
    """The pretrained weights cannot be had or used; the message says why and what to do."""
