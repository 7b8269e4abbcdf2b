"""Networks of timm: built, filled from a weights file, and fitted to another input size."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
from timm.layers import DropPath, PatchEmbed
from torch import Tensor, nn

from graftwork.plugin_api import GraftworkError

from .timm_stages import cut


def build_stages(name: str, weights: Path | None) -> nn.Sequential:
    """The network of this name in timm as stages, with weights from a file if given.

    Raises ``GraftworkError`` if the file holds another network's weights, or the network uses the
    same weights in several places.
    """
    network = headless(name) if weights is None else _filled(name, weights)
    _refuse_shared_weights(name, network)
    return cut(network, network.pretrained_cfg["input_size"][-1])


def _filled(name: str, weights: Path) -> Any:
    source = {"file": str(weights), "custom_load": False}
    try:
        return headless(name, pretrained=True, pretrained_cfg_overlay=source)
    except (KeyError, RuntimeError, ValueError) as error:
        msg = (
            f"{weights} does not hold the weights of timm's {name} as timm publishes them "
            f"({_first_line(error)}). Fetch them again, or choose the backbone that they are for."
        )
        raise GraftworkError(msg) from error


def _refuse_shared_weights(name: str, network: nn.Module) -> None:
    places = [id(weight) for _, weight in network.named_parameters(remove_duplicate=False)]
    if len(set(places)) < len(places):
        msg = (
            f"timm's {name} uses the same weights in several places, which the files of a run "
            "cannot hold. Choose another network."
        )
        raise GraftworkError(msg)


def resize_stages(name: str, stages: nn.Sequential, size: int) -> None:
    """Put a network for images of this size, with the same weights, into the stages' places.

    Positions are interpolated as timm does it for each kind of network. Raises
    ``GraftworkError`` if the network does not come in this size.
    """
    state = {key.partition(".")[2]: value for key, value in stages.state_dict().items()}
    try:
        network = _refilled(name, state, size)
        _refuse_patches_cut_off(network)
        resized = cut(network, size)
        _refuse_other_stages(stages, resized)
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        msg = (
            f"timm's {name} cannot be built for {size} pixels ({_first_line(error)}). Set a "
            "multiple of 32 (of 14, if it sees patches of 14 pixels), or no size."
        )
        raise GraftworkError(msg) from error
    for stage_name, stage in resized.named_children():
        stages.add_module(stage_name, stage)


def _refuse_patches_cut_off(network: nn.Module) -> None:
    """Patches that do not fit whole are left out: nothing at that border would be seen."""
    for part in network.modules():
        if isinstance(part, PatchEmbed) and part.img_size and not part.dynamic_img_pad:
            side, patch = part.img_size[0], part.patch_size[0]
            if side % patch:
                msg = f"of its patches of {patch} pixels, the last ones would be cut off"
                raise ValueError(msg)


def _refuse_other_stages(stages: nn.Sequential, resized: nn.Sequential) -> None:
    """A network that cannot be run in a size cannot be cut either."""
    if [name for name, _ in stages.named_children()] != [n for n, _ in resized.named_children()]:
        raise ValueError("it cannot be run")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _refilled(name: str, state: Mapping[str, Tensor], size: int) -> Any:
    # Stages also keep tables, such as of angles, that timm computes anew for each size.
    own = {key: state[key] for key in headless(name).state_dict()}
    source = {"state_dict": own, "num_classes": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of how timm interpolates
        return headless(name, pretrained=True, pretrained_cfg_overlay=source, img_size=size)


def headless(name: str, **options: Any) -> Any:
    """The network with its pooling but without its classifier, as timm builds it."""
    network = _created(name, options)
    network.reset_classifier(0)
    for module in network.modules():
        if isinstance(module, DropPath):
            module.drop_prob = 0.0
    return network


def _created(name: str, options: Mapping[str, Any]) -> Any:
    """With blocks that can be skipped at random, where the network knows how."""
    try:
        return timm.create_model(name, drop_path_rate=0.1, **options)
    except TypeError as error:
        if "drop_path_rate" not in str(error):
            raise
        return timm.create_model(name, **options)
