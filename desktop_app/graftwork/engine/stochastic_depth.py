"""Stochastic depth: while training, images skip blocks at random."""

from __future__ import annotations

from collections import defaultdict

from torch import nn

_CHANCES = {"StochasticDepth": "p", "DropPath": "drop_prob"}
"""What torchvision and timm call the module that skips, and where it keeps its chance."""


def set_stochastic_depth(stages: nn.Module, rate: float) -> int:
    """Let block l of L skip with the chance ``rate * l / L``; gives how many blocks can.

    Huang et al., "Deep Networks with Stochastic Depth" (2016). What skips are modules named
    ``StochasticDepth`` (torchvision) or ``DropPath`` (timm); those of one module (attention and
    MLP of a transformer) are one block and have one chance, as timm's. 0 means that the backbone
    has none.
    """
    blocks: defaultdict[str, list[nn.Module]] = defaultdict(list)
    for name, module in stages.named_modules():
        if type(module).__name__ in _CHANCES:
            blocks[name.rpartition(".")[0]].append(module)
    for number, skips in enumerate(blocks.values(), 1):
        for skip in skips:
            setattr(skip, _CHANCES[type(skip).__name__], rate * number / len(blocks))
    return len(blocks)
