"""The tensors of an optimizer and of the random generators, by name, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

_CPU = "random.cpu"
_CUDA = "random.cuda"
_MPS = "random.mps"


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """Each parameter's state, named by the parameter's place and the entry."""
    return {
        f"{place}.{entry}": value
        for place, state in optimizer.state_dict()["state"].items()
        for entry, value in state.items()
        if isinstance(value, Tensor)
    }


def load_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give the optimizer the state that ``optimizer_tensors`` gave.

    Each tensor gets its parameter's layout in memory, since other layouts may be computed by other
    instructions, whose last bit differs.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        place, entry = name.split(".", 1)
        state.setdefault(int(place), {})[entry] = _like(value, parameters[int(place)])
    kept: dict[str, Any] = {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    optimizer.load_state_dict(kept)


def random_tensors(device: torch.device) -> dict[str, Tensor]:
    """The states of the generators that training draws from."""
    states = {_CPU: torch.get_rng_state()}
    if device.type == "cuda":
        states[_CUDA] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states[_MPS] = torch.mps.get_rng_state()
    return states


def load_random(tensors: Mapping[str, Tensor], device: torch.device) -> None:
    """Put the generators back to what ``random_tensors`` gave."""
    torch.set_rng_state(tensors[_CPU])
    if device.type == "cuda" and _CUDA in tensors:
        torch.cuda.set_rng_state(tensors[_CUDA], device)
    elif device.type == "mps" and _MPS in tensors:
        torch.mps.set_rng_state(tensors[_MPS])


def with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under longer names."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those whose names begin with the prefix, without it."""
    start = f"{prefix}."
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


def _like(value: Tensor, parameter: Tensor) -> Tensor:
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype, requires_grad=False).copy_(value)
