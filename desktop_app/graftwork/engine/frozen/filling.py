"""Lets all images that are not kept yet go through the frozen stages, once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from graftwork.data.throttle import Throttle

from ..events import Progress
from .passes import FrozenPass, batch_for
from .probing import Boundary
from .samples import overflows, stored
from .sources import Source
from .store import ActivationStore, Array, RowWriter

_SEGMENT_ROWS = 4096
_SEGMENT_BYTES = 256 * 2**20
"""A place of the cache holds no more than this: so much is lost at most if a process is killed."""


_ROUNDS = 4
"""Batches that each of several lanes computes in a step, at whose end it waits for the others."""

_PROCESSOR = torch.device("cpu")


class OverflowedError(Exception):
    """What leaves the first ``stages`` stages is too great for fp16."""

    def __init__(self, stages: int) -> None:
        super().__init__(stages)
        self.stages = stages


@dataclass(frozen=True, kw_only=True)
class Outlet:
    """Where the stages are tapped, and the key under which that is kept."""

    boundary: Boundary
    key: str


@dataclass
class Filling:
    """The rows of some sources under way to the store; ``written`` are the places so far.

    The last outlet is what is needed. What the others give costs next to nothing; a later phase
    in which more stages learn, finds it.
    """

    store: ActivationStore
    frozen: FrozenPass
    outlets: tuple[Outlet, ...]
    sources: tuple[Source, ...]
    written: list[Path] = field(default_factory=list)

    def run(self) -> Generator[Progress, None, None]:
        """Compute and keep what is missing.

        Raises ``OSError`` if it cannot be kept and ``OverflowedError`` if it cannot in fp16; then,
        nothing of it is left. Closed before its end, it leaves what is whole.
        """
        try:
            yield from self._run()
        except (OSError, OverflowedError):
            self.store.forget(self.written)
            raise

    def _run(self) -> Generator[Progress, None, None]:
        missing = self._missing()
        total, done, throttle = sum(map(len, missing)), 0, Throttle()
        self.store.make_room(total * self._row_bytes(), self._kept())
        for source, places in zip(self.sources, missing, strict=True):
            for start in range(0, len(places), self._segment_rows()):
                segment = places[start : start + self._segment_rows()]
                with closing(self._write(source, segment)) as steps:
                    for added in steps:
                        done += added
                        if throttle.due() or done == total:
                            yield Progress(what="Computing frozen stages", done=done, total=total)

    def _missing(self) -> list[list[int]]:
        """The places in each source of images without a row, each image once in all."""
        shelf = self.store.open(self.outlets[-1].key)
        planned: set[str] = set()
        missing = []
        for source in self.sources:
            places = [p for p in shelf.missing(source.digests) if source.digests[p] not in planned]
            planned |= {source.digests[place] for place in places}
            missing.append(places)
        return missing

    def _row_bytes(self) -> int:
        return sum(outlet.boundary.row_bytes for outlet in self.outlets)

    def _step(self) -> int:
        """Images between two reports: some for engines that take one by one, too."""
        operations = self.outlets[-1].boundary.operations
        several = self.frozen.batch * self.frozen.lanes * _ROUNDS if self.frozen.lanes > 1 else 0
        return max(self.frozen.batch, several, batch_for("torch", _PROCESSOR, operations))

    def _segment_rows(self) -> int:
        affordable = _SEGMENT_BYTES // max(o.boundary.row_bytes for o in self.outlets)
        return max(self._step(), min(_SEGMENT_ROWS, affordable))

    def _kept(self) -> set[Path]:
        """What must not make room for the rest."""
        return {place for o in self.outlets for place in self.store.open(o.key).places}

    def _write(self, source: Source, segment: Sequence[int]) -> Generator[int, None, None]:
        """Write rows of these places to all outlets; gives how many, batch by batch."""
        digests = [source.digests[place] for place in segment]
        kept = self._kept()
        with ExitStack() as stack:
            writers = [
                stack.enter_context(self.store.write(o.key, digests, _example(o.boundary), kept))
                for o in self.outlets
            ]
            self.written += [writer.place for writer in writers]
            for places in torch.tensor(segment).split(self._step()):
                self._pass(source, places, writers)
                yield len(places)

    def _pass(self, source: Source, places: torch.Tensor, writers: list[RowWriter]) -> None:
        outputs = self.frozen(source.pixels(places))
        for outlet, output, writer in zip(self.outlets, outputs, writers, strict=True):
            if overflows(output, outlet.boundary):
                raise OverflowedError(outlet.boundary.stages)
            writer.add(stored(output, outlet.boundary))


def _example(boundary: Boundary) -> Array:
    dtype = np.float16 if boundary.half else np.float32
    return np.empty(boundary.row_shape, dtype)
