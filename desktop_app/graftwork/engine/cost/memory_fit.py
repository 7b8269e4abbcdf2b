"""How many images fit into memory at once, found where it cannot take the program down."""

from __future__ import annotations

import math
import multiprocessing
import pickle
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import psutil

from graftwork.data.throttle import Throttle
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import Progress

from ..speed.compiling import piece_sizes
from .trial_steps import Trial, try_sizes

_PART_OF_FREE_MEMORY = 0.7
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, kw_only=True)
class MemoryFit:
    """``images`` fit at once, of ``batch_size`` that were wanted."""

    images: int
    batch_size: int

    @property
    def accumulate(self) -> int | None:
        """In how few parts a step's images can pass (the setting of this name).

        Parts hold two images at least, so that there may be no such number.
        """
        fewest, most = math.ceil(self.batch_size / self.images), max(1, self.batch_size // 2)
        fitting = (
            parts
            for parts in range(fewest, most + 1)
            if max(piece_sizes(self.batch_size, parts)) <= self.images
        )
        return next(fitting, None)


def fit_memory(trial: Trial, budget: int | None = None) -> Generator[Progress, None, MemoryFit]:
    """Train on more and more images at once in another process, and say how many fitted.

    The process is ended when it holds more than ``budget`` bytes of memory (None: seven tenths of
    what is free now). On a GPU it ends by itself when that is full. Closing the generator ends
    it, too. Raises ``TrainingError`` if not one image fits or the network cannot be trained.
    """
    limit = budget or int(psutil.virtual_memory().available * _PART_OF_FREE_MEMORY)
    most, fitted, throttle = trial.sizes[-1], 0, Throttle()
    with _child(trial) as (process, answers):
        while (answer := _answer(process, answers, limit)) is not None:
            fitted = answer or fitted
            if throttle.due():
                yield Progress(what="Trying batch sizes", done=fitted, total=most)
    if not fitted:
        msg = "Not even one image fits into memory: choose a smaller backbone or smaller images."
        raise TrainingError(msg)
    return MemoryFit(images=fitted, batch_size=most)


def _answer(process: BaseProcess, answers: Connection, limit: int) -> int | None:
    """A size that fitted, 0 as long as there is none, None when there will be no more."""
    try:
        if not answers.poll(_LOOK_EVERY_S):
            return 0 if psutil.Process(process.pid).memory_info().rss < limit else None
        answer: int | str = answers.recv()
    except (EOFError, psutil.NoSuchProcess):
        return None
    if isinstance(answer, str):
        msg = f"The trial steps went wrong: {answer}"
        raise TrainingError(msg)
    return answer


@contextmanager
def _child(trial: Trial) -> Iterator[tuple[BaseProcess, Connection]]:
    context = multiprocessing.get_context("spawn")
    answers, sending = context.Pipe(duplex=False)
    process = context.Process(target=try_sizes, args=(sending, trial), daemon=True)
    _start(process)
    sending.close()
    try:
        yield process, answers
    finally:
        process.kill()
        process.join()
        answers.close()


def _start(process: BaseProcess) -> None:
    try:
        process.start()
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        msg = f"The backbone cannot be built in another process, so nothing was tried: {error}"
        raise TrainingError(msg) from error
