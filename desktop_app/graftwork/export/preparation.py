"""The part of an exported model that resizes images, by itself, so that it can be checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

PIXELS = "pixels"
"""The name that resized images have inside of an exported model."""


class OnnxPreparation:
    """What the model file does to images before its network sees them."""

    def __init__(self, file: Path) -> None:
        model = onnx.load(file)
        self._input = model.graph.input[0].name
        part = onnx.utils.Extractor(model).extract_model([self._input], [PIXELS])
        self._session = onnxruntime.InferenceSession(
            part.SerializeToString(), providers=["CPUExecutionProvider"]
        )

    def pixels(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Resized pixels (N, channels, size, size) in 0..255 of images (N, H, W, channels)."""
        found: NDArray[np.float32] = self._session.run([PIXELS], {self._input: images})[0]
        return found
