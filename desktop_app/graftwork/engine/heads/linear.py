"""The plain head: dropout and one linear layer."""

from __future__ import annotations

from torch import nn


class LinearHead(nn.Sequential):
    """(N, features) to logits (N, classes)."""

    def __init__(self, features: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(features, classes)
