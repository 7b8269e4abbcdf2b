"""Whether a plugin's backbone is what its description promises, before anything is trained."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from graftwork.memory import is_out_of_memory
from graftwork.plugin_api import HEAD, Backbone, GraftworkError

from .errors import TrainingError

_IMAGES = 2


def built_stages(backbone: Backbone, weights: Path | None) -> nn.Sequential:
    """The backbone's stages; raises ``TrainingError`` if it cannot be built, or is no such list."""
    try:
        stages = backbone.build(weights)
    except GraftworkError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise wrong(backbone, f"could not be built ({told(error)})") from error
    if not isinstance(stages, nn.Sequential) or not len(stages):
        raise wrong(backbone, f"is a {type(stages).__name__} and no nn.Sequential of stages")
    if HEAD in dict(stages.named_children()):
        raise wrong(backbone, f"has a stage named {HEAD!r}, which is the classifier's name")
    return stages


@torch.no_grad()
def check_features(stages: nn.Sequential, backbone: Backbone, channels: int, size: int) -> None:
    """Let two made-up images through; raises ``TrainingError`` if no features come of them."""
    device = next((weight.device for weight in stages.parameters()), torch.device("cpu"))
    shape, was_learning = (_IMAGES, channels, size, size), stages.training
    images = torch.linspace(-1, 1, torch.Size(shape).numel(), device=device).view(shape)
    try:
        found = stages.eval()(images)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        taken = f"does not take images of {channels} x {size} x {size}"
        raise wrong(backbone, f"{taken} ({told(error)})") from error
    finally:
        stages.train(was_learning)
    if fault := _fault_of(found, backbone.features):
        raise wrong(backbone, f"gives {fault}, not {backbone.features} features of each image")


def _fault_of(found: object, features: int) -> str:
    if not isinstance(found, Tensor):
        return f"a {type(found).__name__}"
    if found.shape != (_IMAGES, features) or found.dtype != torch.float32:
        return f"{found.dtype} of shape {tuple(found.shape)} for {_IMAGES} images"
    return "" if found.isfinite().all() else "values that are not finite"


def told(error: BaseException) -> str:
    """What a plugin failed with, on one line."""
    first = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first:.200}"


def wrong(backbone: Backbone, what: str) -> TrainingError:
    """The error for a backbone that is not what it says."""
    return TrainingError(
        f"The backbone {backbone.name} {what}. Choose another one, or tell the plugin's author."
    )
