"""A head with one hidden layer, which can bend the borders between classes."""

from __future__ import annotations

from torch import nn


class MlpHead(nn.Sequential):
    """(N, features) to logits (N, classes); dropout acts before both layers."""

    def __init__(self, features: int, hidden_units: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(features, hidden_units)
        self.activation = nn.GELU()
        self.hidden_dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(hidden_units, classes)
