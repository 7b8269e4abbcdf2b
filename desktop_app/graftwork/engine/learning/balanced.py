"""Draws some of the images, as evenly as can be from all classes."""

from __future__ import annotations

import torch
from torch import Tensor


def places_of_each_class(labels: Tensor, count: int, seed: int) -> Tensor:
    """Places of at most ``count`` images of each class, in ascending order."""
    places, turns = _turns(labels, torch.Generator().manual_seed(seed))
    return places[turns < count].sort().values


def balanced_places(labels: Tensor, count: int, seed: int) -> Tensor:
    """Places of at most ``count`` images, as many of each class as it has, in ascending order."""
    generator = torch.Generator().manual_seed(seed)
    places, turns = _turns(labels, generator)
    mixed = torch.randperm(len(labels), generator=generator)
    first = mixed[turns[mixed].sort(stable=True).indices[:count]]
    return places[first].sort().values


def _turns(labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """All places, and which each is (0, 1, ...) in the random order of its class."""
    shuffled = torch.randperm(len(labels), generator=generator)
    places = shuffled[labels[shuffled].sort(stable=True).indices]
    classes = labels[places]
    return places, torch.arange(len(labels)) - torch.searchsorted(classes, classes)
