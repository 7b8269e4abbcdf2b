"""Trains in a process of its own, so that it can be killed; torch is loaded once for all."""

from __future__ import annotations

import itertools
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
_CONTEXT.set_forkserver_preload(["graftwork.engine.train", "torch._dynamo", __name__])
"""An optimizer imports torch._dynamo, which takes a second."""


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
            (place / "started").touch()
            with (place / "events.txt").open("a") as log:
                log.write(event.model_dump_json() + "\n")
    (place / "finished").touch()


def training_process(
    job: TrainingJob,
    folder: Path,
    environment: Mapping[str, str],
    every: float = 0.0,
    die_at_flush: int = 0,
) -> BaseProcess:
    """A process that trains; it is started. It may kill itself at the n-th flush to the disk."""
    folder.mkdir(exist_ok=True)
    arguments = (dict(environment), job.model_dump_json(), str(folder), every, die_at_flush)
    process = _CONTEXT.Process(target=_train, args=arguments)
    process.start()
    return process


def kill_after(process: BaseProcess, seconds: float, mark: Path | None = None) -> bool:
    """Kill it (SIGKILL) if it is still at work by then; says whether it was.

    With a ``mark`` the time begins when this file is there.
    """
    while mark and not mark.exists() and process.exitcode is None:
        process.join(0.01)
    process.join(seconds)
    overdue = process.exitcode is None
    if overdue:
        process.kill()
        process.join()
    killed = overdue and process.exitcode == -signal.SIGKILL  # it may just have ended by itself
    process.close()
    return killed


def _train(
    environment: dict[str, str], job: str, folder: str, every: float, die_at_flush: int
) -> None:
    os.environ.update(environment)
    if die_at_flush:
        _die_at_flush(die_at_flush)
    train_here(job, folder, every)


def _die_at_flush(number: int) -> None:
    """The n-th fsync of this process is its end: what it should flush is written, or partly."""
    flushes, flush = itertools.count(1), os.fsync

    def fsync(handle: int) -> None:
        if next(flushes) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        flush(handle)

    os.fsync = fsync
