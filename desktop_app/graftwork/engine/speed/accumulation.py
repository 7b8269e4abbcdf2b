"""A step's images pass in parts, so that they need less memory; the gradient is that of all."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def learn_in_parts(
    inputs: Tensor,
    targets: Tensor,
    parts: int,
    *,
    loss: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    backward: Callable[[Tensor], None],
) -> tuple[float, Tensor]:
    """The mean loss of a batch (N, ...) and its logits (N, C); gradients are added up on the way.

    ``loss`` gives the mean loss of some images and their logits; ``backward`` is called with each
    part's loss times its part of the images. As long as that mean is a sum over images, the
    gradient is the whole batch's but for rounding. It is not where images act on each other, as
    in batch normalization that learns its statistics; random dropout falls otherwise, too.
    """
    parts = min(parts, len(inputs))
    total, logits = 0.0, []
    pairs = zip(inputs.tensor_split(parts), targets.tensor_split(parts), strict=True)
    for some, theirs in pairs:
        mean, found = loss(some, theirs)
        weighted = mean * (len(some) / len(inputs))
        backward(weighted)
        total += float(weighted.detach())
        logits.append(found.detach())
    return total, torch.cat(logits)
