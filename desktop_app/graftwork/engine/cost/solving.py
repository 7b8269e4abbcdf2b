"""How long a head takes to be solved, from a product of matrices of its size."""

from __future__ import annotations

import torch

from ..solving.logistic import steps_remembered
from .stages import now

_ITERATIONS = 60
"""For each strength: 22 to 101 on the features of three sets of photographs."""
_CALLS_S = 0.001
"""What an iteration takes beside its products."""
_BYTES_A_SECOND = 1e10
"""Read of earlier steps, which are in double precision, by every iteration."""
_ROWS = 512


def solving_seconds(
    images: int, features: int, classes: int, strengths: int, device: torch.device
) -> float:
    """Of a linear head on so many features of so many images, for so many strengths."""
    numbers = classes * (features + 1)
    steps_bytes = 2 * steps_remembered(numbers) * numbers * torch.float64.itemsize
    one = (
        _product_seconds(images, features, classes, device)
        + steps_bytes / _BYTES_A_SECOND
        + _CALLS_S
    )
    return strengths * _ITERATIONS * one


def _product_seconds(images: int, features: int, classes: int, device: torch.device) -> float:
    """Of logits and of their slopes back to the weights, for all images; the second time counts."""
    rows = min(images, _ROWS)
    inputs = torch.rand(rows, features, device=device)
    weight = torch.rand(classes, features, device=device)
    seconds = 0.0
    for _ in range(2):
        began = now(device)
        (inputs @ weight.T).T @ inputs
        seconds = now(device) - began
    return seconds * images / rows
