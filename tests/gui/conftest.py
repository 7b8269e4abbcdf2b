"""What every test of the window shares: nothing may be left over when it ends."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot


@pytest.fixture(autouse=True)
def nothing_leaks(qapp: QApplication) -> Iterator[None]:
    """Fails a test that leaves a running thread or a window of its own behind."""
    widgets_before = set(QApplication.topLevelWidgets())
    yield
    threads = [o for o in gc.get_objects() if isinstance(o, QThread) and _runs(o)]
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
