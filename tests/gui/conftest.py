"""What every test of the window shares: nothing may be left over when it ends."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox
from pytestqt.qtbot import QtBot
from sklearn.datasets import load_digits

from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.theme import Theme
from graftwork.paths import runs_folder
from graftwork.plugin_host import Registry
from graftwork.runs.store import RunStore
from graftwork.runs.workshop import Workshop
from graftwork.settings import Settings

LONG = 60_000
"""Milliseconds that a whole training of the tiny network may take on a busy machine."""


@pytest.fixture(autouse=True, scope="session")
def heap_without_libraries() -> Iterator[None]:
    """What libraries made when they were imported is not looked through after each test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def nothing_leaks(qapp: QApplication) -> Iterator[None]:
    """Fails a test that leaves a running thread or a window of its own behind."""
    widgets_before = set(QApplication.topLevelWidgets())
    yield
    threads = [o for o in gc.get_objects() if issubclass(type(o), QThread) and _runs(o)]
    gc.collect()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    widgets = [w for w in QApplication.topLevelWidgets() if w not in widgets_before]
    assert not threads, f"still running: {threads}"
    assert not widgets, f"still there: {widgets}"


def _runs(thread: QThread) -> bool:
    try:
        return thread.isRunning() and thread is not QThread.currentThread()
    except RuntimeError:
        return False


@pytest.fixture
def qtbot(nothing_leaks: None, qtbot: QtBot) -> QtBot:
    """pytest-qt's own, which closes its widgets before the leaks are looked for."""
    return qtbot


@pytest.fixture
def workshop(registry: Registry) -> Workshop:
    return Workshop(registry, RunStore(runs_folder()))


@pytest.fixture
def settings() -> Settings:
    return Settings(backbone="tiny", strategy="feature-extraction")


@pytest.fixture
def window(
    qtbot: QtBot, qapp: QApplication, workshop: Workshop, settings: Settings
) -> Iterator[MainWindow]:
    """The window on the screen, with its pages built."""
    theme = Theme(qapp, "light")
    window = MainWindow(lambda: workshop, settings, theme)
    qtbot.addWidget(window, before_close_func=_end_work)
    window.show()
    qtbot.waitUntil(lambda: window.pages is not None)
    yield window
    theme.deleteLater()


def _end_work(window: MainWindow) -> None:
    """Let a window that still trains be closed without a question."""
    window.tasks.close()
    QApplication.processEvents()


@pytest.fixture
def pages(window: MainWindow) -> Pages:
    assert window.pages is not None
    return window.pages


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Handwritten digits that scikit-learn ships: three classes of twenty, 32 pixels wide."""
    found = load_digits()
    root = tmp_path / "digits"
    for digit in (0, 1, 4):
        folder = root / str(digit)
        folder.mkdir(parents=True)
        for number, image in enumerate(found.images[found.target == digit][:20]):
            pixels = np.kron(image * 15, np.ones((4, 4))).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return root


@pytest.fixture
def open_folder(qtbot: QtBot, window: MainWindow, pages: Pages) -> Callable[[Path], None]:
    """Opens a folder and waits until all of its images are checked."""

    def open_and_wait(path: Path) -> None:
        with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
            window.open_path(path)

    return open_and_wait


def answer_dialog(answer: Callable[[QDialog], None]) -> None:
    """Once a dialog is open, answer it; until then, look again and again."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QDialog):
            answer(dialog)
        else:
            QTimer.singleShot(10, look)

    QTimer.singleShot(0, look)


def press(button: QMessageBox.StandardButton) -> Callable[[QDialog], None]:
    """Answers a message box with this button."""

    def answer(dialog: QDialog) -> None:
        assert isinstance(dialog, QMessageBox)
        dialog.button(button).click()

    return answer
