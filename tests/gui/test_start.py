"""The window comes first: nothing heavy is imported before it is on the screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from PySide6.QtCore import QTimer
from graftwork.gui import start

HEAVY = ("torch", "torchvision", "pyqtgraph", "onnxruntime", "sklearn", "scipy", "numpy")
OWN = ("graftwork.engine", "graftwork.runs", "graftwork.plugin_api", "graftwork.gui.pages")
BEFORE_PAINT = (*HEAVY, *OWN, "pydantic", "pluggy", "psutil", "sqlite3", "urllib.request", "PIL")
loaded = lambda names: sorted(name for name in names if name in sys.modules)

class Window(start.MainWindow):
    painted = False
    def paintEvent(self, event):
        super().paintEvent(event)
        if not Window.painted:
            Window.painted = True
            print("at first paint:", loaded(BEFORE_PAINT), flush=True)
            self.look()
    def look(self):
        if self.pages is None:
            QTimer.singleShot(10, self.look)
        else:
            print("with pages:", loaded(set(HEAVY) - {"numpy", "pyqtgraph"}), flush=True)
            self.tasks.all_done.connect(self.end)
    def end(self):
        print("soon after:", loaded(["pyqtgraph"]), flush=True)
        self.close()

start.MainWindow = Window
from graftwork.app import make_workshop
print("ended with", start.run_window(make_workshop))
"""


def test_no_heavy_library_is_imported_before_the_window_is_painted(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "GRAFTWORK_HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "at first paint: []",
        "with pages: []",
        "soon after: ['pyqtgraph']",
        "ended with 0",
    ]
    assert (home / "settings" / "settings.json").is_file()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a screen")
def test_without_a_screen_it_is_said_what_works(home: Path) -> None:
    places = {"QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"}
    without = {name: value for name, value in os.environ.items() if name not in places}
    done = subprocess.run(
        [sys.executable, "-m", "graftwork"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**without, "GRAFTWORK_HOME": str(home)},
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: there is no screen")
    assert "graftwork --help" in done.stderr


def test_bad_settings_do_not_keep_the_window_from_opening(home: Path) -> None:
    file = home / "settings" / "settings.json"
    file.parent.mkdir(parents=True)
    bad = {"theme": "purple", "window_geometry": "not base 64!", "color": 1, "backbone": "gone"}
    file.write_text(json.dumps(bad), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "GRAFTWORK_HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    assert "'theme'" in done.stderr
    kept = json.loads(file.read_text("utf-8"))
    assert kept["theme"] == "system"
    assert "color" not in kept
