"""What stands in the window's menus."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMessageBox

from graftwork import __version__
from graftwork import settings as program_settings

from .actions import ActionRecord

if TYPE_CHECKING:
    from .main_window import MainWindow

_THEMES: dict[program_settings.Theme, str] = {
    "system": "As the system",
    "light": "Light",
    "dark": "Dark",
}

_ABOUT = (
    f"<h3>Graftwork {__version__}</h3>"
    "<p>Teaches a pretrained network your own image classes, and gives you an ONNX model "
    "that answers the same outside.</p>"
    "<p>Your images never leave this machine.</p>"
    "<p>Apache License 2.0</p>"
)


def menu_records(window: MainWindow) -> list[ActionRecord]:
    """The window's actions, menu by menu."""
    return [
        ActionRecord(
            menu="File",
            text="&Open a folder…",
            do=window.ask_for_folder,
            keys="Ctrl+O",
            picture="folder",
        ),
        ActionRecord(
            menu="File",
            text="Open a &table…",
            do=window.ask_for_table,
            keys="Ctrl+Shift+O",
            picture="table",
        ),
        ActionRecord(
            menu="File",
            text="&Quit",
            do=window.close,
            keys="Ctrl+Q",
            picture="quit",
            separated=True,
        ),
        *_theme_records(window),
        ActionRecord(menu="Help", text="&About Graftwork", do=lambda: _tell_about(window)),
    ]


def _theme_records(window: MainWindow) -> list[ActionRecord]:
    return [
        ActionRecord(
            menu="View",
            text=text,
            do=partial(window.choose_theme, theme),
            group="theme",
            checked=theme == window.settings.theme,
        )
        for theme, text in _THEMES.items()
    ]


def _tell_about(window: MainWindow) -> None:
    QMessageBox.about(window, "About Graftwork", _ABOUT)
