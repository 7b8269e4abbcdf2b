"""Going on with a run that was interrupted, by one process at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from graftwork.engine.events import PhaseStarted, Progress, Resumed, TrainingEvent

from .errors import RunUseError
from .record import RunRecord

_LOCK_FILE = ".lock"


@contextmanager
def run_lock(run: RunRecord) -> Iterator[None]:
    """Holds the run's folder for this process; raises ``RunUseError`` if another one has it.

    The system lets go of it when the process ends, however that happens.
    """
    lock = FileLock(run.folder / _LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        msg = f"Run {run.id} is at work in another process; stop it there, or wait for its end."
        raise RunUseError(msg) from error
    try:
        yield
    finally:
        lock.release()


def refuse_finished(run: RunRecord) -> None:
    """Raise ``RunUseError`` if there is nothing left to do."""
    if run.status == "finished":
        msg = f"Run {run.id} is finished. To train on from its weights: graftwork fork {run.id}"
        raise RunUseError(msg)


def until_it_goes_on(
    events: Iterator[TrainingEvent],
) -> Generator[Progress, None, list[TrainingEvent]]:
    """Pull what is said before training goes on, or begins anew: progress at once, the rest held.

    Only then is it known what of the run's log still holds.
    """
    held: list[TrainingEvent] = []
    for event in events:
        if isinstance(event, Progress):
            yield event
            continue
        held.append(event)
        if isinstance(event, Resumed | PhaseStarted):
            break
    return held
