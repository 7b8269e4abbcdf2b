"""Says how many images fit into memory at once, and what to set if that is too few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graftwork.engine.job import TrainingJob

from .console import print_json, results
from .progress import listen

if TYPE_CHECKING:
    from graftwork.engine.cost.memory_fit import MemoryFit
    from graftwork.runs.workshop import Workshop


def fit_and_show(workshop: Workshop, job: TrainingJob, *, as_json: bool) -> None:
    """Try steps of the job's size and smaller ones, and print what fits."""
    from graftwork.runs.memory_run import fit_memory_of_job

    fit = listen(fit_memory_of_job(job, workshop.registry), as_json=as_json)
    if as_json:
        found = {"images": fit.images, "batch_size": fit.batch_size, "accumulate": fit.accumulate}
        print_json({"kind": "result", **found})
    else:
        results.print(_sentence(fit))


def _sentence(fit: MemoryFit) -> str:
    fitting = "1 image fits" if fit.images == 1 else f"{fit.images} images fit"
    if fit.accumulate == 1:
        return f"{fitting} into memory at once: train as the settings say."
    if fit.accumulate is None:
        fewer = max(1, fit.batch_size - fit.batch_size % fit.images) if fit.images > 1 else 1
        return (
            f"{fitting} into memory at once, and a step's {fit.batch_size} cannot pass in parts of "
            f"that size, which hold two at least: set batch_size={fewer}, and try again."
        )
    return (
        f"{fitting} into memory at once, of the {fit.batch_size} of a step: set "
        f"accumulate={fit.accumulate}, and they pass in {fit.accumulate} parts."
    )
