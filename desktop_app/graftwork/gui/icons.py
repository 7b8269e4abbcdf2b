"""Line icons that take their colour from the palette when they are painted."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from graftwork.paths import resources_folder

from .colors import current_colors


def icon(name: str, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
    """The icon of this name in ``resources/icons``, in the colour of this palette role."""
    return QIcon(_LineIcon(name, role))


def pixmap(name: str, color: str, side: int) -> QPixmap:
    """The icon of this name in one colour, ``side`` device-independent pixels wide."""
    scale = QGuiApplication.primaryScreen().devicePixelRatio()
    picture = QPixmap(QSize(side, side) * scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    _renderer(name, color).render(painter, QRectF(picture.rect()))
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture


def program_icon() -> QIcon:
    """Graftwork's own icon."""
    return QIcon(str(resources_folder() / "icons" / "graftwork.svg"))


class _LineIcon(QIconEngine):
    def __init__(self, name: str, role: QPalette.ColorRole) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        _renderer(self._name, self._color(mode, state)).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, picture.rect(), mode, state)
        painter.end()
        return picture

    def clone(self) -> QIconEngine:
        return _LineIcon(self._name, self._role)

    def _color(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        palette = QGuiApplication.palette()
        if mode == QIcon.Mode.Disabled:
            return current_colors().strong_border
        if state == QIcon.State.On:
            return current_colors().accent
        return palette.color(self._role).name()


@cache
def _renderer(name: str, color: str) -> QSvgRenderer:
    drawing = (resources_folder() / "icons" / f"{name}.svg").read_text("utf-8")
    return QSvgRenderer(QByteArray(drawing.replace("currentColor", color).encode()))
