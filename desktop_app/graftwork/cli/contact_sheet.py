"""Puts examples of augmentation side by side on one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from graftwork.engine.examples import Example, Examples

_TILE, _GAP, _MARGIN, _LINE = 160, 8, 24, 22
_PAPER, _INK = "#ffffff", "#17211f"


def contact_sheet(examples: Examples) -> Image.Image:
    """A row for each image: itself first, then its versions; its class above it."""
    columns = 1 + len(examples.shown[0].versions)
    height = len(examples.shown) * (_TILE + _LINE + _GAP) - _GAP + 2 * _MARGIN
    width = (columns + 1) * _GAP + columns * _TILE + 2 * _MARGIN - _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    for row, example in enumerate(examples.shown):
        _draw_row(sheet, _MARGIN + row * (_TILE + _LINE + _GAP), example)
    return sheet


def _draw_row(sheet: Image.Image, top: int, example: Example) -> None:
    """The original stands a little apart from its versions."""
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    pen.text((_MARGIN, top), f"{example.item.label}  ·  {example.item.path.name}", _INK, font)
    for column, pixels in enumerate((example.original, *example.versions)):
        left = _MARGIN + column * (_TILE + _GAP) + (_GAP if column else 0)
        sheet.paste(_picture(pixels), (left, top + _LINE))


def _picture(pixels: np.ndarray[Any, Any]) -> Image.Image:
    """Of one channel grey; of more than three the first three; of two the first."""
    channels = pixels.shape[2]
    shown = pixels[..., :3] if channels >= 3 else pixels[..., 0]
    return Image.fromarray(shown).resize((_TILE, _TILE), Image.Resampling.LANCZOS)
