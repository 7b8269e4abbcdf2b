"""Builds the head that a description asks for."""

from __future__ import annotations

from torch import nn

from .cosine import CosineHead
from .hierarchical import HierarchicalHead
from .linear import LinearHead
from .mlp import MlpHead
from .spec import HeadSpec


def build_head(spec: HeadSpec, features: int, classes: tuple[str, ...]) -> nn.Module:
    """A new head: features (N, features) to logits (N, classes), with random weights."""
    match spec.kind:
        case "linear":
            return LinearHead(features, len(classes), spec.dropout)
        case "mlp":
            return MlpHead(features, spec.hidden_units, len(classes), spec.dropout)
        case "cosine":
            return CosineHead(features, len(classes), spec.dropout)
        case "hierarchical":
            return HierarchicalHead(features, classes, spec.dropout)
