"""A head that compares directions: how long a feature vector is does not matter."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_FIRST_SCALE = 10.0
_SHORTEST = 1e-6


class CosineHead(nn.Module):
    """(N, features) to logits (N, classes): scale * cos(features, direction of the class).

    Gidaris and Komodakis, "Dynamic Few-Shot Visual Learning without Forgetting" (2018), with
    their first scale, 10. The scale learns by its logarithm, so that a step changes it by a part
    of itself. Weight decay would do nothing to a direction and leaves it out, by its name.
    """

    def __init__(self, features: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.directions = nn.Parameter(torch.randn(classes, features) / math.sqrt(features))
        self.log_scale = nn.Parameter(torch.tensor(math.log(_FIRST_SCALE)))

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, classes)."""
        cosines = functional.linear(unit(self.dropout(features)), unit(self.directions))
        return self.log_scale.exp() * cosines


def unit(vectors: Tensor) -> Tensor:
    """The rows (N, D) at length 1; next to no length is left so."""
    return functional.normalize(vectors, eps=_SHORTEST)
