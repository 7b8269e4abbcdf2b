"""Stochastic depth: while training, images skip blocks at random."""

from __future__ import annotations

from torch import nn

_CHANCES = {"StochasticDepth": "p", "DropPath": "drop_prob"}
"""What torchvision and timm call the module that skips, and where it keeps its chance."""


def set_stochastic_depth(stages: nn.Module, rate: float) -> int:
    """Let block l of L skip with the chance ``rate * l / L``; gives how many blocks can.

    Huang et al., "Deep Networks with Stochastic Depth" (2016). Blocks are modules named
    ``StochasticDepth`` (torchvision) or ``DropPath`` (timm); 0 means that the backbone has none.
    """
    blocks = [module for module in stages.modules() if type(module).__name__ in _CHANCES]
    for number, block in enumerate(blocks, 1):
        setattr(block, _CHANCES[type(block).__name__], rate * number / len(blocks))
    return len(blocks)
