"""The classifier: preprocessing, backbone and head in one module, and its two files on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from graftwork.data.resize import resize
from graftwork.plugin_api import HEAD, Backbone

from .backbone_check import built_stages
from .channels import adapt_input_channels
from .classifier_info import INFO_FILE, WEIGHTS_FILE, ClassifierInfo
from .heads.build import build_head
from .input_size import adapt_input_size
from .training_settings import FirstLayer
from .weights_file import read_weights


class Classifier(nn.Module):
    """From uint8 images (N, H, W, channels) of any size to probabilities (N, classes)."""

    mean: Tensor
    std: Tensor

    def __init__(self, info: ClassifierInfo, stages: nn.Sequential, features: int) -> None:
        super().__init__()
        self.info = info
        self.stages = stages
        self.head = build_head(info.head, features, info.classes)
        spec = info.input
        self.register_buffer("mean", torch.tensor(spec.mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(spec.std).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities (N, classes) of uint8 images (N, H, W, channels)."""
        return self.logits(resize(images, self.info.input)).softmax(1)

    def logits(self, pixels: Tensor) -> Tensor:
        """Logits (N, classes) of resized pixels (N, channels, size, size) with values 0..255."""
        scores: Tensor = self.head(self.stages(self.normalize(pixels)))
        return scores

    def normalize(self, pixels: Tensor) -> Tensor:
        """What the first convolution sees, of pixels (N, channels, size, size) in 0..255."""
        return (pixels.float() / 255 - self.mean) / self.std

    def named_stages(self) -> dict[str, nn.Module]:
        """Stages by name, bottom first, the head last."""
        return {**dict(self.stages.named_children()), HEAD: self.head}


def stage_prefix(stage: str) -> str:
    """What the names of all tensors of this stage begin with, in a classifier."""
    return f"{HEAD}." if stage == HEAD else f"stages.{stage}."


def build_classifier(
    backbone: Backbone,
    info: ClassifierInfo,
    weights: Path | None = None,
    *,
    first_layer: FirstLayer = "auto",
    seed: int = 0,
) -> Classifier:
    """A classifier on this backbone with a new head; pretrained if a weights file is given.

    ``first_layer`` says how the first layer takes the channels (``seed``: what it draws then).
    Raises ``GraftworkError`` if the backbone cannot take the channels or the size, and
    ``TrainingError`` if it cannot be built, or names a stage ``head``.
    """
    stages = built_stages(backbone, weights)
    adapt_input_size(stages, backbone, info.input.size)
    adapt_input_channels(stages, info.input.channels, first_layer, seed)
    return Classifier(info, stages, backbone.features)


def load_classifier(folder: Path, backbones: Mapping[str, Backbone]) -> Classifier:
    """The classifier that a run kept in its folder, in evaluation mode.

    Raises ``FileNotFoundError`` if the run kept none and ``KeyError`` if no plugin gives its
    backbone.
    """
    info = ClassifierInfo.model_validate_json((folder / INFO_FILE).read_text("utf-8"))
    classifier = build_classifier(backbones[info.backbone], info)
    classifier.load_state_dict(read_weights(folder / WEIGHTS_FILE))
    return classifier.eval()
