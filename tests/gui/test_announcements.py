"""What screen readers are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from graftwork.engine.events import Notice
from graftwork.engine.history import RunHistory
from graftwork.gui.destinations import EXPORT, TRAIN
from graftwork.gui.export.page import ExportPage
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.parts.banner import Banner, FailureBanner
from graftwork.gui.parts.table import Column, RecordTable
from graftwork.gui.train.notices import NoticeList
from graftwork.gui.train.state import Ending
from graftwork.gui.worker import Failure

from .conftest import LONG
from .test_main_job import OpenFolder, click, train_page
from .test_rate_dialog import open_dialog


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is announced from now on; the platform of tests has nobody who listens."""
    heard: list[str] = []

    def hear(event: QAccessibleEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            heard.append(event.message())

    monkeypatch.setattr(QAccessible, "updateAccessibility", hear)
    return heard


def test_a_banner_is_told_once_when_it_appears(qtbot: QtBot, heard: list[str]) -> None:
    banner = Banner("3 files are left out.", "warning")
    qtbot.addWidget(banner)
    assert heard == []
    banner.show()
    banner.hide()
    banner.show()
    assert heard == ["Warning: 3 files are left out."]
    banner.show_text("Written.", "check")
    assert heard[1:] == ["Done: Written."]
    texts = [each.accessibleName() for each in banner.findChildren(QLabel)]
    assert "Done: Written." in texts


def test_a_failure_is_told_when_it_is_shown(qtbot: QtBot, heard: list[str]) -> None:
    banner = FailureBanner()
    qtbot.addWidget(banner)
    banner.show_failure(Failure(message="The disk is full.", details=""))
    assert heard == ["Error: The disk is full."]


def test_notices_say_how_serious_they_are(qtbot: QtBot) -> None:
    history = RunHistory()
    history.apply(Notice(level="warning", text="Two are copies."))
    notices = NoticeList(lambda: history)
    qtbot.addWidget(notices)
    notices.refresh()
    assert notices.item(0).data(Qt.ItemDataRole.AccessibleTextRole) == "Warning: Two are copies."


def test_it_is_told_how_a_table_is_sorted_now(qtbot: QtBot, heard: list[str]) -> None:
    table = RecordTable("Records", [Column(heading="Legs", text=str)])
    qtbot.addWidget(table)
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert heard == ["Sorted by “Legs”, descending"]


def test_the_ends_of_what_takes_long_are_told(
    qtbot: QtBot,
    window: MainWindow,
    pages: Pages,
    digits: Path,
    tmp_path: Path,
    open_folder: OpenFolder,
    heard: list[str],
) -> None:
    open_folder(digits)
    window.go_to(TRAIN)
    page = train_page(pages)
    dialog = open_dialog(qtbot, page)
    qtbot.waitUntil(lambda: dialog.found is not None, timeout=LONG)
    assert dialog.answer.text() in heard
    dialog.close()
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        click(qtbot, page.start)
    assert "Training is done." in heard
    window.go_to(EXPORT)
    export = pages.widgets[EXPORT]
    assert isinstance(export, ExportPage)
    export.save.file.setText(str(tmp_path / "digits.onnx"))
    with qtbot.waitSignal(export._state.exported, timeout=LONG):
        click(qtbot, export.save.button)
    assert "The model is exported." in heard
    pages.train.ended.emit(Ending(how="failed", run=None))
    assert heard[-1] == "Training failed."
