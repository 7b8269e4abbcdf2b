"""Computes the augmentation preview, as a generator that a thread can pull. No widget here."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from graftwork.engine.events import Progress
from graftwork.engine.job import TrainingJob
from graftwork.gui.data.opening import Opened
from graftwork.plugin_host import Registry

if TYPE_CHECKING:
    import numpy as np

    from graftwork.data.input_spec import IntensityRange
    from graftwork.engine.examples import Example, Examples

IMAGES, VERSIONS = 3, 6
_SIDE = 192


@dataclass(frozen=True, kw_only=True)
class ExampleWish:
    """Of which job and which data a preview is wanted; ``again`` asks for other images."""

    job: TrainingJob
    opened: Opened
    again: int


@dataclass(frozen=True, kw_only=True)
class ExamplePictures:
    """An image and its versions, as pictures, and what the image is."""

    name: str
    original: QImage
    versions: tuple[QImage, ...]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What is to be shown, and a sentence on it."""

    sentence: str
    examples: tuple[ExamplePictures, ...]


def make_preview(wish: ExampleWish, registry: Registry) -> Generator[Progress, None, Preview]:
    """The preview; raises ``GraftworkError`` if there is nothing to show it on."""
    from graftwork.data.decoding import decode
    from graftwork.engine.examples import augmentation_examples

    found = yield from augmentation_examples(
        wish.job,
        registry,
        wish.opened.catalog,
        wish.opened.reader.decode or decode,
        images=IMAGES,
        versions=VERSIONS,
        intensity=_intensity(wish),
        again=wish.again,
    )
    return Preview(sentence=_sentence(wish.job, found), examples=tuple(map(_pictures, found.shown)))


def _intensity(wish: ExampleWish) -> IntensityRange | None:
    """That of the opened images, which was measured as RGB, unless they have other channels."""
    from graftwork.data.decoding import decode
    from graftwork.data.intensity import measure_intensity

    opened, channels = wish.opened, wish.job.training.channels
    if channels in {1, 3}:
        return opened.intensity
    paths = [item.path for item in opened.catalog.items]
    return measure_intensity(paths, channels, opened.reader.decode or decode)


def _sentence(job: TrainingJob, found: Examples) -> str:
    training = job.training
    if not len(found.shown[0].versions):
        advice = "the strategy's advice" if training.augmentation == "auto" else "your choice"
        return f"Images stay as they are ({advice}). Choose light or strong to see what they do."
    parts = [found.level.capitalize(), f"as suits {training.domain}"]
    if training.policy != "none":
        parts.append(training.policy)
    if training.erasing:
        parts.append(f"erasing {training.erasing:g}")
    return ", ".join(parts)


def _pictures(example: Example) -> ExamplePictures:
    return ExamplePictures(
        name=f"{example.item.path.name} ({example.item.label})",
        original=_picture(example.original),
        versions=tuple(map(_picture, example.versions)),
    )


def _picture(pixels: np.ndarray[Any, Any]) -> QImage:
    """Of one channel grey; of more than three the first three; of two the first."""
    import numpy as np

    colored = pixels.shape[2] >= 3
    shown = np.ascontiguousarray(pixels[..., : 3 if colored else 1])
    height, width, channels = shown.shape
    kind = QImage.Format.Format_RGB888 if colored else QImage.Format.Format_Grayscale8
    image = QImage(shown.data, width, height, channels * width, kind)
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(_SIDE, _SIDE, keep, smooth).copy()
