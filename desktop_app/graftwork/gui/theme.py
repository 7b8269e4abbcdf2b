"""The look of the window: Fusion, our colours and style sheet, light or dark as chosen."""

from __future__ import annotations

from pathlib import Path
from string import Template

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from graftwork import settings
from graftwork.paths import resources_folder

from .colors import DARK, LIGHT, Colors, palette_of

FAMILIES = [
    "Inter",
    "Segoe UI Variable Text",
    "Segoe UI",
    ".AppleSystemUIFont",
    "Noto Sans",
    "Ubuntu",
    "Cantarell",
    "DejaVu Sans",
]
MONOSPACE = ["JetBrains Mono", "Cascadia Mono", "SF Mono", "Menlo", "Consolas", "DejaVu Sans Mono"]

_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


class Theme(QObject):
    """Dresses the application, and follows the system while the user chooses no theme."""

    def __init__(self, app: QApplication, choice: settings.Theme) -> None:
        super().__init__(app)
        self._app = app
        self._choice: settings.Theme = choice
        self._sheet = Template((_folder() / "graftwork.qss").read_text("utf-8"))
        app.setStyle("Fusion")
        app.setFont(_font(app.font()))
        app.styleHints().colorSchemeChanged.connect(self._dress)
        self.choose(choice)

    @property
    def choice(self) -> settings.Theme:
        """What the user chose."""
        return self._choice

    def choose(self, choice: settings.Theme) -> None:
        """Wear this theme from now on."""
        self._choice = choice
        self._app.styleHints().setColorScheme(_SCHEMES[choice])
        self._dress()

    @Slot()
    def _dress(self) -> None:
        colors = self._colors()
        self._app.setPalette(palette_of(colors))
        look = "dark" if colors is DARK else "light"
        tokens = {**colors.tokens(), **self._measures(), "look": look}
        self._app.setStyleSheet(self._sheet.substitute(tokens))

    def _colors(self) -> Colors:
        if self._choice == "system":
            dark = self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
            return DARK if dark else LIGHT
        return DARK if self._choice == "dark" else LIGHT

    def _measures(self) -> dict[str, str]:
        base = self._app.font().pointSizeF()
        sizes = {"small": 0.92, "heading": 1.15, "title": 1.7, "figure": 2.1}
        points = {name: f"{base * factor:.1f}pt" for name, factor in sizes.items()}
        return {**points, "folder": _folder().as_posix(), "mono": _quoted(MONOSPACE)}


def _folder() -> Path:
    return resources_folder() / "style"


def _font(system: QFont) -> QFont:
    font = QFont(system)
    font.setFamilies(FAMILIES)
    font.setPointSizeF(max(10.0, system.pointSizeF()))
    return font


def _quoted(families: list[str]) -> str:
    return ", ".join(f'"{family}"' for family in families)
