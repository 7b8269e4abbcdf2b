"""Finds how many images of a job fit into memory at once; it leaves no run behind."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from graftwork import __version__
from graftwork.engine.data_source import open_data
from graftwork.engine.events import TrainingEvent
from graftwork.engine.job import TrainingJob
from graftwork.plugin_host.registry import Registry

if TYPE_CHECKING:
    from graftwork.engine.cost.memory_fit import MemoryFit
    from graftwork.engine.cost.trial_steps import Trial


def fit_memory_of_job(
    job: TrainingJob, registry: Registry
) -> Generator[TrainingEvent, None, MemoryFit]:
    """Try steps of up to the job's batch size in which all stages learn, the costliest case.

    Raises ``GraftworkError`` with a message for a person.
    """
    from graftwork.engine.cost.memory_fit import fit_memory

    return (yield from fit_memory(_trial(job, registry)))


def _trial(job: TrainingJob, registry: Registry) -> Trial:
    from graftwork.engine.classifier_info import ClassifierInfo
    from graftwork.engine.cost.trial_steps import Trial, rising_sizes
    from graftwork.engine.heads.spec import head_spec
    from graftwork.engine.reading import input_of

    backbone, strategy = registry.backbone(job.backbone), registry.strategy(job.strategy)
    catalog, _ = open_data(job.data, registry)
    info = ClassifierInfo(
        classes=catalog.classes,
        input=input_of(job, backbone),
        backbone=backbone.name,
        strategy=strategy.name,
        head=head_spec(job.training, strategy),
        data_fingerprint="",
        graftwork_version=__version__,
    )
    sizes = rising_sizes(job.training.batch_size)
    return Trial(backbone=backbone, info=info, training=job.training, sizes=sizes)
