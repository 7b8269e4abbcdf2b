"""Trains in a process of its own, so that it can be killed; torch is loaded once for all."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path

import graftwork_datasets
import graftwork_strategies
from graftwork.engine.job import TrainingJob
from graftwork.plugin_host.loading import build_registry
from support import tiny

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["graftwork.engine.train", __name__])


def train_here(job: str, folder: str, every: float) -> None:
    """Train the job, going on from what there is, and leave a mark when it is finished."""
    import torch

    from graftwork.engine.train import train

    torch.set_num_threads(1)
    plugins = {"tiny": tiny.PLUGIN, "s": graftwork_strategies, "d": graftwork_datasets}
    place = Path(folder)
    running = train(
        TrainingJob.model_validate_json(job),
        registry=build_registry(plugins.items()),
        folder=place,
        weights=None,
        resume=True,
        checkpoint_every=every,
    )
    with closing(running):
        for event in running:
            with (place / "events.txt").open("a") as log:
                log.write(event.model_dump_json() + "\n")
    (place / "finished").touch()


def training_process(
    job: TrainingJob, folder: Path, environment: Mapping[str, str], every: float = 0.0
) -> BaseProcess:
    """A process that trains; it is started."""
    folder.mkdir(exist_ok=True)
    arguments = (dict(environment), job.model_dump_json(), str(folder), every)
    process = _CONTEXT.Process(target=_train, args=arguments)
    process.start()
    return process


def kill_after(process: BaseProcess, seconds: float) -> bool:
    """Kill it (SIGKILL) if it is still at work by then; says whether it was."""
    process.join(seconds)
    killed = process.exitcode is None
    if killed:
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    process.close()
    return killed


def _train(environment: dict[str, str], job: str, folder: str, every: float) -> None:
    os.environ.update(environment)
    train_here(job, folder, every)
