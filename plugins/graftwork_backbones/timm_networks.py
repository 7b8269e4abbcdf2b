"""Networks of timm: built, filled from a weights file, and fitted to another input size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
from timm.layers import DropPath
from torch import Tensor, nn

from graftwork.plugin_api import GraftworkError

from .timm_stages import cut


def build_stages(name: str, weights: Path | None) -> nn.Sequential:
    """The network of this name in timm as stages, with weights from a file if given.

    Raises ``GraftworkError`` if the file holds another network's weights.
    """
    if weights is None:
        return cut(headless(name))
    source = {"file": str(weights), "custom_load": False}
    try:
        return cut(headless(name, pretrained=True, pretrained_cfg_overlay=source))
    except (KeyError, RuntimeError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        msg = (
            f"{weights} does not hold the weights of timm's {name} as timm publishes them "
            f"({first}). Fetch them again, or choose the backbone that they are for."
        )
        raise GraftworkError(msg) from error


def resize_stages(name: str, stages: nn.Sequential, size: int) -> None:
    """Put a network for images of this size, with the same weights, into the stages' places.

    Positions are interpolated as timm does it for each kind of network. Raises
    ``GraftworkError`` if the network does not come in this size.
    """
    state = {key.partition(".")[2]: value for key, value in stages.state_dict().items()}
    try:
        resized = cut(_refilled(name, state, size))
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).strip().splitlines() or ["it says no more"]
        msg = (
            f"timm's {name} cannot be built for {size} pixels ({reason[0]}). Set a multiple of 32 "
            "(of 14, if it sees patches of 14 pixels), or no size."
        )
        raise GraftworkError(msg) from error
    for stage_name, stage in resized.named_children():
        stages.add_module(stage_name, stage)


def _refilled(name: str, state: Mapping[str, Tensor], size: int) -> nn.Module:
    # Stages also keep tables, such as of angles, that timm computes anew for each size.
    own = {key: state[key] for key in headless(name).state_dict()}
    source = {"state_dict": own, "num_classes": 0}
    return headless(name, pretrained=True, pretrained_cfg_overlay=source, img_size=size)


def headless(name: str, **options: Any) -> nn.Module:
    """The network with its pooling but without its classifier, as timm builds it."""
    network = _created(name, options)
    network.reset_classifier(0)
    for module in network.modules():
        if isinstance(module, DropPath):
            module.drop_prob = 0.0
    built: nn.Module = network
    return built


def _created(name: str, options: Mapping[str, Any]) -> Any:
    """With blocks that can be skipped at random, where the network knows how."""
    try:
        return timm.create_model(name, drop_path_rate=0.1, **options)
    except TypeError as error:
        if "drop_path_rate" not in str(error):
            raise
        return timm.create_model(name, **options)
