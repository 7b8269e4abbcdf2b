"""Prepares the next batch while a GPU works on this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

K = TypeVar("K")
V = TypeVar("V")


def prepared(make: Callable[[K], V], keys: Iterable[K], device: torch.device) -> Iterator[V]:
    """``make(key)`` for each key, in order.

    For a GPU the next one is made in a thread while this one is used. On a processor it would
    take the step's own cores, so there each is made when it is due. What ``make`` raises is raised
    in its place. Closing the iterator waits for what is being made.
    """
    return map(make, keys) if device.type == "cpu" else _ahead(make, keys)


def to_device(batch: Tensor, device: torch.device) -> Tensor:
    """The batch on the device; a GPU fetches it while the caller goes on."""
    if device.type != "cuda":  # Apple's would read memory that is not pinned after it is freed
        return batch.to(device)
    return batch.pin_memory().to(device, non_blocking=True)


def _ahead(make: Callable[[K], V], keys: Iterable[K]) -> Iterator[V]:
    with ThreadPoolExecutor(1, "prefetch") as pool:
        coming: Future[V] | None = None
        for key in keys:
            previous, coming = coming, pool.submit(make, key)
            if previous is not None:
                yield previous.result()
        if coming is not None:
            yield coming.result()
