"""What a network of timm does between its modules, and where one value alone goes on."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from timm.layers import get_notrace_functions
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.passes.fake_tensor_prop import FakeTensorProp

Node = fx.Node

_ROOT = "network"


class _Network(nn.Module):
    """The network with images as its only input: options of its ``forward`` keep their defaults."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.network(images)
        return features


class _Tracer(fx.Tracer):
    """Looks into the network and into plain sequences; other modules are taken as they are."""

    def __init__(self) -> None:
        super().__init__(autowrap_functions=tuple(get_notrace_functions()))

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether the module is called as a whole."""
        return module_qualified_name != _ROOT and type(m) is not nn.Sequential


def trace(network: nn.Module, size: int) -> fx.Graph | None:
    """The graph of the forward pass; None if what is done depends on the values or on the mode.

    Each node has its value for one image of ``size`` pixels, without memory, in ``meta["val"]``.
    """
    mode = network.training
    try:
        learning = _Tracer().trace(_Network(network.train()))
        resting = _Tracer().trace(_Network(network.eval()))
        module = fx.GraphModule(_Network(network), resting)
        FakeTensorProp(module, _without_memory()).propagate(torch.zeros(1, 3, size, size))
    except Exception:  # whatever a forward may do that cannot be traced
        return None
    finally:
        network.train(mode)
    return module.graph if str(learning) == str(resting) else None


def _without_memory() -> FakeTensorMode:
    return FakeTensorMode(allow_non_fake_inputs=True)


@torch.inference_mode(mode=False)
@torch.no_grad()
def leaves_inputs_alone(stages: nn.Sequential, size: int) -> bool:
    """Whether no stage writes into what it is given."""
    mode, written = stages.training, False
    with _without_memory():
        value = torch.zeros(1, 3, size, size)
        for stage in stages.eval():
            given, version = value, value._version
            value = stage(given)
            written = written or given._version != version
    stages.train(mode)
    return not written


def path(node: Node) -> str:
    """The path in the network of the module or tensor that the node names."""
    return str(node.target).removeprefix(f"{_ROOT}.")


def is_within(node: Node, module: str) -> bool:
    """Whether the node calls this module or a part of it."""
    return node.op == "call_module" and f"{path(node)}.".startswith(f"{module}.")


def following_images(graph: fx.Graph) -> list[Node]:
    """The nodes, in order, whose values depend on the images."""
    found: dict[Node, None] = {}
    for node in graph.nodes:
        if node.op == "placeholder" or any(one in found for one in node.all_input_nodes):
            found[node] = None
    return [node for node in found if node.op not in {"placeholder", "output"}]


def narrow_places(nodes: list[Node]) -> set[int]:
    """The places after which the value there, a tensor, is used, and none from before it."""
    place_of = {node: place for place, node in enumerate(nodes)}
    narrow, reach = set(), _last_use(_images(nodes), place_of)
    for place, node in enumerate(nodes):
        if reach <= place and isinstance(node.meta.get("val"), Tensor):
            narrow.add(place)
        reach = max(reach, _last_use([node], place_of))
    return narrow


def _images(nodes: list[Node]) -> list[Node]:
    return [one for node in nodes for one in node.all_input_nodes if one.op == "placeholder"]


def _last_use(values: Iterable[Node], place_of: dict[Node, int]) -> int:
    users = [user for value in values for user in value.users]
    return max((place_of.get(user, len(place_of)) for user in users), default=-1)


def with_constants(graph: fx.Graph, part: list[Node]) -> list[Node]:
    """The nodes of a part, and before them those that they need and that no image changes."""
    moving = set(following_images(graph))
    needed, waiting = set(part), list(part)
    while waiting:
        for one in waiting.pop().all_input_nodes:
            if one not in needed and one not in moving and one.op != "placeholder":
                needed.add(one)
                waiting.append(one)
    return [node for node in graph.nodes if node in needed]
