"""Finds a rate for a job: as a run would train, but it leaves none behind."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from graftwork.engine.events import TrainingEvent
from graftwork.engine.job import TrainingJob
from graftwork.engine.weights import fetch_weights
from graftwork.paths import weights_folder
from graftwork.plugin_host.registry import Registry

if TYPE_CHECKING:
    from graftwork.engine.rates.curve import RatePoint
    from graftwork.engine.rates.suggestion import RateSuggestion


def find_rate_of_job(
    job: TrainingJob, registry: Registry, phase: int | None = None
) -> Generator[TrainingEvent | RatePoint, None, RateSuggestion]:
    """Try rates in the first phase that learns by gradients, or in the one of this number.

    Weights and decoded images are kept for the training that follows; nothing else is. Raises
    ``GraftworkError`` with a message for a person.
    """
    from graftwork.engine.rates.finder import find_rate

    weights = None
    if registry.strategy(job.strategy).pretrained:
        weights = yield from fetch_weights(registry.backbone(job.backbone), weights_folder())
    return (yield from find_rate(job, registry=registry, weights=weights, phase=phase))
