"""Refuses a job that cannot be right, before images are read or weights are fetched for it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from graftwork.plugin_api import Backbone, Strategy
from graftwork.plugin_host.registry import Registry

from .errors import TrainingError, no_earlier_sample
from .heads.spec import head_spec
from .job import TrainingJob
from .loss.corrections import check_corrections
from .settings import strategy_settings


@dataclass(frozen=True, kw_only=True)
class CheckedJob:
    """A job with what it names, and the settings of its strategy."""

    job: TrainingJob
    backbone: Backbone
    strategy: Strategy
    settings: BaseModel


def check_job(job: TrainingJob, registry: Registry) -> CheckedJob:
    """The job with what it names.

    Raises ``GraftworkError`` for what is not there, or cannot be right together.
    """
    backbone, strategy = registry.backbone(job.backbone), registry.strategy(job.strategy)
    settings = strategy_settings(strategy, job.strategy_settings)
    check_corrections(job.training)
    head_spec(job.training, strategy)
    if job.start and not strategy.pretrained:
        raise TrainingError(_two_beginnings(job.strategy))
    if job.training.penalty == "ewc" and job.start is None:
        raise no_earlier_sample()
    if job.training.size is not None or job.training.stage_schedules or strategy.check:
        from .network_check import check_network  # with torch, which few jobs need by now

        check_network(backbone, strategy, settings, job.training)
    return CheckedJob(job=job, backbone=backbone, strategy=strategy, settings=settings)


def _two_beginnings(strategy: str) -> str:
    return (
        f"The strategy {strategy} begins with random weights, and a fork with those of an earlier "
        "run. Choose another strategy, or train anew."
    )
