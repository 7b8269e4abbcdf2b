"""Fits a network to images of another size than those that it was pretrained on."""

from __future__ import annotations

from torch import nn

from graftwork.plugin_api import Backbone, GraftworkError

from .backbone_check import told, wrong
from .errors import TrainingError


def adapt_input_size(stages: nn.Sequential, backbone: Backbone, size: int) -> None:
    """Change the freshly built ``stages`` in place so that they take images of this size.

    Raises ``GraftworkError`` if the backbone cannot.
    """
    if size == backbone.preprocessing.size:
        return
    if size < backbone.min_size:
        msg = (
            f"{backbone.title} needs images of at least {backbone.min_size} pixels, and {size} "
            f"are set. Set a greater size, or none for the {backbone.preprocessing.size} pixels "
            "that it was pretrained on."
        )
        raise TrainingError(msg)
    if backbone.resize is not None:
        _resize(backbone, stages, size)


def _resize(backbone: Backbone, stages: nn.Sequential, size: int) -> None:
    assert backbone.resize
    try:
        backbone.resize(stages, size)
    except GraftworkError:
        raise
    except Exception as error:
        raise wrong(backbone, f"cannot be made to take {size} pixels ({told(error)})") from error
