"""Cuts any network of timm into named stages, along the graph of its own forward pass.

Only what the network does between its modules is said again, by torch.fx, so that the stages give
the same numbers to the last bit. It is cut where timm says that a stage ends, provided that there
one tensor alone goes on that the next stage leaves as it is (it may have been kept to begin there
again). A network for which this cannot be done stays one stage, "body".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import fx, nn

from .timm_graph import (
    Node,
    following_images,
    is_within,
    leaves_inputs_alone,
    narrow_places,
    path,
    trace,
    with_constants,
)

_GIVEN = "given"


def cut(network: nn.Module, size: int) -> nn.Sequential:
    """The stages, bottom first, of a network that gives features (N, F) of images of ``size``.

    They share the network's modules.
    """
    graph = trace(network, size)
    parts = {} if graph is None else _parts(following_images(graph), _stage_ends(network))
    if graph is not None and len(parts) > 1:
        whole = {name: with_constants(graph, part) for name, part in parts.items()}
        stages = _sequential({name: _stage(network, part) for name, part in whole.items()})
        stages.train(network.training)
        if not _some_weight_is_in_two(stages) and leaves_inputs_alone(stages, size):
            return stages
    return _sequential({"body": network})


def _sequential(stages: dict[str, nn.Module]) -> nn.Sequential:
    found = nn.Sequential()
    for name, stage in stages.items():
        found.add_module(name, stage)
    return found


def _stage_ends(network: nn.Module) -> list[str]:
    """The paths of the modules that timm names as the ends of stages, bottom first."""
    features = getattr(network, "feature_info", None)
    return [one["module"] for one in features] if isinstance(features, list) else []


def _parts(nodes: list[Node], ends: Sequence[str]) -> dict[str, list[Node]]:
    parts, start = {}, 0
    for name, last in [*_cuts(nodes, ends), ("top", len(nodes) - 1)]:
        parts[name] = nodes[start : last + 1]
        start = last + 1
    return parts


def _cuts(nodes: list[Node], ends: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The name of each stage but the top, and the place of its last node."""
    narrow = narrow_places(nodes) - {len(nodes) - 1}
    last = [max(_places(nodes, end), default=-1) for end in ends]
    found = sorted(narrow & set(last))
    if not found:
        return
    # Before timm's first stage is a stem, unless the stem is what timm calls the first stage.
    before = min(_places(nodes, ends[0]), default=0) - 1
    if "." in ends[0] and before in narrow:
        yield "stem", before
    elif "." not in ends[0]:
        yield "stem", found.pop(0)
    for number, place in enumerate(found, 1):
        yield f"stage{number}", place


def _places(nodes: list[Node], module: str) -> list[int]:
    return [place for place, node in enumerate(nodes) if is_within(node, module)]


def _some_weight_is_in_two(stages: nn.Sequential) -> bool:
    """Whether two stages hold the same weight, and could not learn by themselves."""
    seen: set[int] = set()
    for stage in stages:
        own = {id(weight) for weight in stage.parameters()}
        if own & seen:
            return True
        seen |= own
    return False


def _stage(network: nn.Module, part: list[Node]) -> fx.GraphModule:
    graph = fx.Graph()
    given = graph.placeholder(_GIVEN)
    copies: dict[Node, Node] = {}
    for node in part:
        copies[node] = graph.node_copy(node, lambda one: copies.get(one, given))
        if node.op in {"call_module", "get_attr"}:
            copies[node].target = path(node)
    graph.output(copies[part[-1]])
    stage = fx.GraphModule(network, graph)
    _own_tables(stage)
    return stage


def _own_tables(stage: fx.GraphModule) -> None:
    """Tables that several stages look into become each stage's own, as they do in its file."""
    for node in stage.graph.find_nodes(op="get_attr"):
        owner_path, _, name = str(node.target).rpartition(".")
        owner = stage.get_submodule(owner_path)
        if name in owner._buffers:
            owner.register_buffer(name, owner.get_buffer(name).clone())
