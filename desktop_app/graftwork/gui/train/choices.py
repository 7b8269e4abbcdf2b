"""What there is to choose from: backbones and strategies, in words. No widget here."""

from __future__ import annotations

from collections.abc import Iterable

from graftwork.engine.weights import WeightsStatus, weights_status
from graftwork.gui.parts.choice_list import Choice
from graftwork.paths import weights_folder
from graftwork.plugin_api import Backbone, NoWeights, Strategy


def backbone_choices(backbones: Iterable[Backbone]) -> list[Choice]:
    """A choice for each backbone: what it is, how large, and whether its weights are here."""
    return [backbone_choice(backbone) for backbone in backbones]


def backbone_choice(backbone: Backbone) -> Choice:
    """The choice of this backbone."""
    size = f"{_millions(backbone.parameters)} parameters, {backbone.preprocessing.size} pixels"
    return Choice(
        key=backbone.name,
        title=backbone.title,
        detail=f"{backbone.summary}\n{size}",
        note=_weights(backbone),
    )


def _weights(backbone: Backbone) -> str:
    if isinstance(backbone.weights, NoWeights):
        return "not pretrained"
    return _SPOKEN[weights_status(backbone, weights_folder())]


_SPOKEN: dict[WeightsStatus, str] = {
    "ready": "ready",
    "download": "download",
    "none": "weights missing",
}


def _millions(parameters: int) -> str:
    if parameters < 1_000_000:
        return f"{parameters / 1000:.0f} thousand"
    return f"{parameters / 1e6:.1f} million"


def strategy_choices(strategies: Iterable[Strategy]) -> list[Choice]:
    """A choice for each strategy, with the sentence on when to take it."""
    return [Choice(key=each.name, title=each.title, detail=each.summary) for each in strategies]
