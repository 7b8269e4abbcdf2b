"""A line picture in a colour of the theme, whichever is worn."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QLabel

from graftwork.gui.colors import Colors, current_colors
from graftwork.gui.icons import pixmap


class Picture(QLabel):
    """The icon of this name in ``resources/icons``, ``side`` pixels wide."""

    def __init__(self, name: str, color: Callable[[Colors], str], side: int) -> None:
        super().__init__()
        self._name, self._color, self._side = name, color, side
        self._draw()

    def show_icon(self, name: str, color: Callable[[Colors], str]) -> None:
        """Show another one."""
        self._name, self._color = name, color
        self._draw()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Take the colour of the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_side"):
            self._draw()

    def _draw(self) -> None:
        self.setPixmap(pixmap(self._name, self._color(current_colors()), self._side))
