"""The order in which an epoch visits the training images."""

from __future__ import annotations

import torch
from torch import Tensor

from graftwork.engine.training_settings import Sampling


def epoch_order(labels: Tensor, sampling: Sampling, seed: int) -> Tensor:
    """Places (n), int64, of n labelled images in the order of an epoch that ``seed`` decides.

    ``shuffled``: each image once. ``balanced``: each class that has images equally often (what is
    left over goes to classes by chance), so that rare ones repeat and frequent ones are drawn
    from; all images of a class come up before one repeats.
    """
    random = torch.Generator().manual_seed(seed)
    if sampling == "shuffled":
        return torch.randperm(len(labels), generator=random)
    chosen = _balanced(labels, random)
    return chosen[torch.randperm(len(chosen), generator=random)]


def _balanced(labels: Tensor, random: torch.Generator) -> Tensor:
    """As many rounds of each class as it needs, each round in an order of its own, cut off."""
    counts = labels.bincount()
    quotas = _quotas(counts, len(labels), random)
    rounds = quotas.div(counts.clamp(min=1), rounding_mode="floor") + 1
    places = torch.arange(len(labels)).repeat_interleave(rounds[labels])
    starts = rounds[labels].cumsum(0) - rounds[labels]
    turn = torch.arange(len(places)) - starts.repeat_interleave(rounds[labels])
    shuffled = torch.randperm(len(places), generator=random)
    by_round = shuffled[turn[shuffled].argsort(stable=True)]
    by_class = by_round[labels[places[by_round]].argsort(stable=True)]
    sizes = counts * rounds
    rank = torch.arange(len(places)) - (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    return places[by_class[rank < quotas.repeat_interleave(sizes)]]


def _quotas(counts: Tensor, total: int, random: torch.Generator) -> Tensor:
    """How often each class comes up: alike, but for what cannot be shared out."""
    present = counts.nonzero()[:, 0]
    each, left = divmod(total, len(present))
    quotas = torch.zeros_like(counts)
    quotas[present] = each
    quotas[present[torch.randperm(len(present), generator=random)[:left]]] += 1
    return quotas
