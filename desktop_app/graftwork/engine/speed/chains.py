"""Finds where a convolution's result goes nowhere but into a batch normalization."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import fx, nn

from .convolution import Activation

_ACTIVATIONS: Mapping[type[nn.Module], Activation] = {nn.ReLU: "relu", nn.ReLU6: "relu6"}


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A convolution and the batch normalization, and maybe the activation, that alone follow."""

    convolution: nn.Conv2d
    norm: nn.BatchNorm2d
    activation: nn.Module | None

    @property
    def activation_name(self) -> Activation:
        """What the activation is called."""
        return "none" if self.activation is None else _ACTIVATIONS[type(self.activation)]


def find_chains(module: nn.Module) -> list[Chain]:
    """All chains in the module; of a part that torch.fx cannot follow, those in its parts."""
    children = list(module.children())
    if not children:
        return []
    try:
        graph = _LeafTracer().trace(module)
    except Exception:  # a forward method may stumble over anything
        return [chain for child in children for chain in find_chains(child)]
    return list(_chains(graph, dict(module.named_modules(remove_duplicate=False))))


class _LeafTracer(fx.Tracer):
    """Follows every module down to its convolutions and to those that hold no others."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        inner = list(m.children()) and not isinstance(m, nn.Conv2d)
        return not inner or super().is_leaf_module(m, module_qualified_name)


def _chains(graph: fx.Graph, modules: Mapping[str, nn.Module]) -> Iterator[Chain]:
    calls = {node: modules[str(node.target)] for node in graph.find_nodes(op="call_module")}
    once = {part for part, times in Counter(calls.values()).items() if times == 1}
    for node, convolution in calls.items():
        if not (isinstance(convolution, nn.Conv2d) and can_replace(convolution)):
            continue
        follower, norm = _only_user(node, calls)
        if type(norm) is nn.BatchNorm2d and {convolution, norm} <= once:
            _, activation = _only_user(follower, calls)
            known = type(activation) in _ACTIVATIONS
            yield Chain(
                convolution=convolution, norm=norm, activation=activation if known else None
            )


def can_replace(convolution: nn.Conv2d) -> bool:
    """Whether it pads with as many zeros as its numbers say."""
    return convolution.padding_mode == "zeros" and not isinstance(convolution.padding, str)


def _only_user(
    node: fx.Node | None, calls: Mapping[fx.Node, nn.Module]
) -> tuple[fx.Node | None, nn.Module | None]:
    """The only place that a result goes to, and the module that is called there."""
    users = list(node.users) if node else []
    return (users[0], calls.get(users[0])) if len(users) == 1 else (None, None)
