"""Counts the floating-point operations of a network, as far as rules of thumb need them.

PyTorch's own counter does it to the last one, but loads its compiler for that, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd


class OperationCount:
    """The operations of convolutions, linear layers and the attention of ``nn``, so far."""

    def __init__(self) -> None:
        self.total = 0

    @contextmanager
    def counting(self, module: nn.Module) -> Iterator[None]:
        """Count what the module does within."""
        hooks = [part.register_forward_hook(self._add) for part in module.modules()]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _add(self, module: nn.Module, _inputs: tuple[Any, ...], output: Any) -> None:
        """A weight's multiplication and addition are two operations."""
        if isinstance(module, _ConvNd):
            self.total += 2 * output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            self.total += 2 * output.numel() * module.in_features
        elif isinstance(module, nn.MultiheadAttention):
            self.total += _attention(module, output[0])


def _attention(module: nn.MultiheadAttention, output: Tensor) -> int:
    """Four projections, and each token with each of the others, twice (N, T, D)."""
    tokens = int(output.shape[1] if module.batch_first else output.shape[0])
    return 2 * output.numel() * (4 * int(module.embed_dim) + 2 * tokens)
