"""Paints images, each with changed versions of itself to its right, in one line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from graftwork.gui.colors import current_colors

from .examples import VERSIONS, ExamplePictures

TILE = 80
_GAP, _GROUP_GAP, _CAPTION = 4, 20, 18
_FEWEST = 3
"""Versions of an image below which rather one image less is shown."""


class ExampleStrip(QWidget):
    """As many images, and versions of each, as the width has room for."""

    def __init__(self) -> None:
        super().__init__()
        self._examples: tuple[ExamplePictures, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Examples of augmentation")

    def show_examples(self, examples: Sequence[ExamplePictures]) -> None:
        """Show these instead."""
        self._examples = tuple(examples)
        self.setAccessibleDescription(", ".join(each.name for each in examples))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """One line of tiles, with a word below the first of each image."""
        return QSize(12 * (TILE + _GAP), TILE + _CAPTION)

    def groups(self) -> list[tuple[ExamplePictures, list[QRect]]]:
        """The examples that there is room for, with the places of their tiles."""
        if not self._examples:
            return []
        shown, versions = _room(self.width(), len(self._examples))
        free = self.width() - (1 + versions) * (TILE + _GAP) + _GAP
        return [
            (example, [_tile(left, column) for column in range(1 + versions)])
            for example, left in zip(self._examples, _spread(free, shown), strict=False)
        ]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint the tiles."""
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.9)
        painter.setFont(font)
        for example, tiles in self.groups():
            _paint_original(painter, tiles[0], example.original)
            for tile, picture in zip(tiles[1:], example.versions, strict=False):
                _paint_picture(painter, tile, picture)
        painter.end()

    def event(self, event: object) -> bool:
        """The file's name, over its tiles."""
        if isinstance(event, QHelpEvent):
            names = [
                example.name
                for example, tiles in self.groups()
                if any(tile.contains(event.pos()) for tile in tiles)
            ]
            QToolTip.showText(event.globalPos(), names[0] if names else "", self)
            return True
        return bool(super().event(event))  # type: ignore[arg-type]


def _room(width: int, examples: int) -> tuple[int, int]:
    """How many examples, and versions of each, this width has room for."""
    for shown in range(examples, 0, -1):
        each = (width - (shown - 1) * _GROUP_GAP) // shown
        versions = min(VERSIONS, (each + _GAP) // (TILE + _GAP) - 1)
        if versions >= _FEWEST:
            return shown, versions
    return 1, max(0, (width + _GAP) // (TILE + _GAP) - 1)


def _spread(free: int, number: int) -> list[int]:
    """So many places from 0 to ``free``, evenly; one is at 0."""
    return [0] if number == 1 else [free * place // (number - 1) for place in range(number)]


def _tile(left: int, column: int) -> QRect:
    return QRect(left + column * (TILE + _GAP), 0, TILE, TILE)


def _paint_original(painter: QPainter, tile: QRect, picture: QImage) -> None:
    """It is framed and named, so that nobody takes it for a version."""
    colors = current_colors()
    _paint_picture(painter, tile, picture)
    painter.setPen(QPen(QColor(colors.accent), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(tile.adjusted(1, 1, -1, -1), 5, 5)
    painter.setPen(QColor(colors.muted))
    place = QRect(tile.left(), tile.bottom() + 2, tile.width(), _CAPTION)
    painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), "original")


def _paint_picture(painter: QPainter, tile: QRect, picture: QImage) -> None:
    outline = QPainterPath()
    outline.addRoundedRect(tile, 5, 5)
    painter.save()
    painter.setClipPath(outline)
    painter.drawImage(tile, picture)
    painter.restore()
