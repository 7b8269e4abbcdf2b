"""Times the start of the program against an empty PySide6 window, side by side in one run.

    python benchmarks/startup.py [--runs 15]

Both processes import Qt, show a window, and end when it has been painted for the first time. The
pairs are run in turn; the figure is the median of each pair's ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESULT = Path(__file__).parent / "results" / "startup.json"

_QUIT_AFTER_PAINT = """
from PySide6.QtCore import QObject, QEvent, QTimer
from PySide6.QtWidgets import QApplication

class FirstPaint(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, lambda: os._exit(0))
        return False
"""

_EMPTY = f"""
import os, sys
{_QUIT_AFTER_PAINT}
from PySide6.QtWidgets import QMainWindow
app = QApplication(sys.argv)
first = FirstPaint()
app.installEventFilter(first)
window = QMainWindow()
window.resize(1280, 800)
window.show()
app.exec()
"""

_GRAFTWORK = f"""
import os, sys
{_QUIT_AFTER_PAINT}
first = FirstPaint()
exec_ = QApplication.exec
def watched(*_):
    QApplication.instance().installEventFilter(first)
    return exec_()
QApplication.exec = watched
sys.argv = ["graftwork"]
from graftwork.__main__ import main
main()
"""


def main() -> None:
    """Measure pairs and write medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    pairs = [(_seconds(_EMPTY), _seconds(_GRAFTWORK)) for _ in range(runs)]
    result = {
        "runs": runs,
        "empty_window_s": round(statistics.median(empty for empty, _ in pairs), 3),
        "graftwork_s": round(statistics.median(ours for _, ours in pairs), 3),
        "ratio": round(statistics.median(ours / empty for empty, ours in pairs), 2),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result))


def _seconds(code: str) -> float:
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "GRAFTWORK_HOME": home}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
