"""A head that compares directions: how long a feature vector is does not matter."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_FIRST_SCALE = 10.0
_SHORTEST = 1e-6


class CosineHead(nn.Module):
    """(N, features) to logits (N, classes): scale * cos(features - center, direction of class).

    Gidaris and Komodakis, "Dynamic Few-Shot Visual Learning without Forgetting" (2018), with
    their first scale, 10. ``center`` is zero but for prototypes; it does not learn. Directions
    have no length that counts, so weight decay leaves them out (by their name).
    """

    center: Tensor

    def __init__(self, features: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.directions = nn.Parameter(torch.randn(classes, features) / math.sqrt(features))
        self.log_scale = nn.Parameter(torch.tensor(math.log(_FIRST_SCALE)))
        self.register_buffer("center", torch.zeros(features))

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, classes)."""
        directions = functional.normalize(self.directions, eps=_SHORTEST)
        return self.log_scale.exp() * functional.linear(self.unit(features), directions)

    def unit(self, features: Tensor) -> Tensor:
        """The directions (N, features) in which the features lie from the center, of length 1."""
        return functional.normalize(self.dropout(features - self.center), eps=_SHORTEST)
