"""Opens the window and runs until it is closed."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from graftwork import __version__
from graftwork.paths import settings_file
from graftwork.settings import load_settings, save_settings

from .icons import program_icon
from .main_window import MainWindow
from .theme import Theme

if TYPE_CHECKING:
    from graftwork.runs.workshop import Workshop


_NO_SCREEN = (
    "Error: there is no screen to open the window on (neither DISPLAY nor WAYLAND_DISPLAY is set). "
    "What works without one: graftwork --help"
)


def run_window(make_workshop: Callable[[], Workshop]) -> int:
    """Show the window and give the program's exit code once it is closed.

    ``make_workshop`` is called in a background thread after the window is on the screen. Without
    a screen, Qt would end the process by a fault.
    """
    if not _has_screen():
        print(_NO_SCREEN, file=sys.stderr)
        return 1
    app = make_application()
    settings = load_settings(settings_file())
    window = MainWindow(make_workshop, settings, Theme(app, settings.theme))
    window.show()
    code = app.exec()
    save_settings(settings, settings_file())
    return code


def _has_screen() -> bool:
    """Elsewhere than on Linux there always is one; a platform that was asked for may need none."""
    wanted = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    return not sys.platform.startswith("linux") or any(map(os.environ.get, wanted))


def make_application() -> QApplication:
    """The application, with its name and its icon."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.captureWarnings(capture=True)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Graftwork")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("graftwork")
    app.setWindowIcon(program_icon())
    return app
