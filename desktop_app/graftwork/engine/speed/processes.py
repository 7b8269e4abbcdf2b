"""Several processes train one model, as ``torchrun`` starts them: one for each GPU.

Each holds the whole model, takes its part of every batch, and gets the mean of all gradients, so
that the weights stay equal everywhere and are those that one process would find, but for rounding.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

from graftwork.engine.errors import TrainingError
from graftwork.memory import is_out_of_memory

_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one process learns from a batch, and which part of the whole its mean loss is."""

    places: Tensor
    part: float


@dataclass(frozen=True, kw_only=True)
class Processes:
    """The place of this process among those that train one model; by default it is alone."""

    rank: int = 0
    count: int = 1
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this is the process that keeps the run and speaks to the user."""
        return self.rank == 0

    def share(self, places: Tensor) -> Share:
        """The own part of a batch, never empty: if need be, an image that counts nothing."""
        if len(places) < self.count:
            mine = self.rank < len(places)
            place = self.rank if mine else 0
            return Share(places=places[place : place + 1], part=mine / len(places))
        own = places.tensor_split(self.count)[self.rank]
        return Share(places=own, part=len(own) / len(places))

    def average_gradients(self, parameters: Iterable[nn.Parameter], part: float) -> None:
        """Give every process the sum of all gradients, each times its ``part``."""
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        for alike in _by_dtype(gradients):
            flat = torch.cat([gradient.flatten() for gradient in alike]) * part
            _sum_up(flat)
            _unflatten(flat, alike)

    def total(self, values: Sequence[float]) -> list[float]:
        """The sum of each value over all processes."""
        if self.count == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64, device=self.device)
        _sum_up(sums)
        return [float(value) for value in sums.tolist()]

    def agree(self, module: nn.Module) -> None:
        """Give every process the first one's weights and statistics."""
        if self.count == 1:
            return
        with _said_if_one_ends():
            for tensor in (*module.parameters(), *module.buffers()):
                distributed.broadcast(tensor.detach(), src=0)

    def average_statistics(self, module: nn.Module) -> None:
        """Give every process the mean of all processes' batch-normalization statistics."""
        if self.count == 1:
            return
        statistics = [buffer for buffer in module.buffers() if buffer.is_floating_point()]
        for alike in _by_dtype(statistics):
            flat = torch.cat([buffer.flatten() for buffer in alike])
            _sum_up(flat)
            _unflatten(flat / self.count, alike)


@contextmanager
def join_processes(
    device: torch.device, environment: Mapping[str, str] = os.environ
) -> Iterator[Processes]:
    """The place among the processes that ``torchrun`` started, on a device of its own; else, alone.

    Raises ``TrainingError`` if there are more processes than GPUs.
    """
    count = int(environment.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes(device=device)
        return
    own = _own_device(device, int(environment["LOCAL_RANK"]))
    # If first imported later, its default arguments would keep the group, and its threads, alive
    # beyond its destruction; such a thread may then abort the process at its end.
    importlib.import_module("torch.distributed.nn")
    backend = "nccl" if own.type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield Processes(rank=distributed.get_rank(), count=count, device=own)
    finally:
        distributed.destroy_process_group()


def _own_device(device: torch.device, local_rank: int) -> torch.device:
    if device.type != "cuda":
        return device
    if local_rank >= torch.cuda.device_count():
        msg = (
            f"This machine has {torch.cuda.device_count()} GPUs and torchrun started more "
            "processes: set --nproc-per-node to the number of GPUs."
        )
        raise TrainingError(msg)
    own = torch.device("cuda", local_rank)
    torch.cuda.set_device(own)
    return own


def _sum_up(tensor: Tensor) -> None:
    """Each process has its own before, and the sum of all after."""
    with _said_if_one_ends():
        distributed.all_reduce(tensor)


@contextmanager
def _said_if_one_ends() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        msg = (
            "Another of the processes that train together has ended, or cannot be reached: look at "
            f"what it said. Resume the run once that is mended. ({str(error).splitlines()[0]})"
        )
        raise TrainingError(msg) from error


def _by_dtype(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        yield [tensor for tensor in tensors if tensor.dtype == dtype]


def _unflatten(flat: Tensor, tensors: Sequence[Tensor]) -> None:
    sizes = [tensor.numel() for tensor in tensors]
    for tensor, values in zip(tensors, flat.split(sizes), strict=True):
        tensor.copy_(values.view(tensor.shape))
