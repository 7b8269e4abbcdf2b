"""From an image file to a small picture; no widget, so that any thread may do it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from graftwork.data.input_spec import IntensityRange
from graftwork.plugin_api import Decoder, UnusableImageError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class PictureReader:
    """Reads pictures as training does: with a data set's own decoder and range of intensity."""

    decoder: Decoder | None = None
    intensity: IntensityRange | None = None

    def read(self, path: Path, side: int) -> QImage | None:
        """A picture at most so many pixels wide and high; None if the file cannot be used."""
        from graftwork.data.decoding import decode

        try:
            return _small(_eight_bits(path, self.decoder or decode, self.intensity), side)
        except (UnusableImageError, OSError, ValueError):
            return None


PLAIN_READER = PictureReader()
"""For images of which nothing more is known."""


def _eight_bits(
    path: Path, decoder: Decoder, intensity: IntensityRange | None
) -> np.ndarray[Any, Any]:
    """Pixels (height, width, 3); a deep image for which no range is known has its own."""
    import numpy as np

    from graftwork.data.intensity import measure_intensity, to_eight_bits

    image = decoder(path, 3)
    if intensity is None and image.dtype != np.uint8:
        intensity = measure_intensity([path], 3, decoder)
    return np.ascontiguousarray(to_eight_bits(image, intensity))


def _small(pixels: np.ndarray[Any, Any], side: int) -> QImage:
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    keep = Qt.AspectRatioMode.KeepAspectRatio
    return image.scaled(side, side, keep, Qt.TransformationMode.SmoothTransformation).copy()
