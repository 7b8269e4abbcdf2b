"""The list of runs, and what plugins add: also one that fails while it is loaded."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from graftwork.gui.library.plugins_page import PluginsPage
from graftwork.gui.library.runs_page import RunActions, RunsPage
from graftwork.plugin_host import load_plugins
from graftwork.runs.record import RunRecord
from graftwork.runs.resuming import run_lock
from graftwork.runs.store import RunStore
from support.jobs import small_job

from .conftest import answer_dialog, press


@pytest.fixture
def store(home: Path) -> RunStore:
    return RunStore(home / "runs")


def finished(store: RunStore, data: Path, accuracy: float) -> RunRecord:
    run = store.create(small_job(data)).model_copy(update={"validation_accuracy": accuracy})
    store.save(run)
    return store.finish(run, "finished", None)


class Opened(list[RunRecord]):
    """The runs that the page had opened."""


@pytest.fixture
def opened() -> Opened:
    return Opened()


@pytest.fixture
def actions(opened: Opened) -> RunActions:
    return RunActions(
        open=opened.append,
        go_on=opened.append,
        fork=opened.append,
        forget=opened.append,
        is_training=lambda: False,
    )


@pytest.fixture
def page(qtbot: QtBot, store: RunStore, actions: RunActions) -> RunsPage:
    page = RunsPage(store, actions)
    qtbot.addWidget(page)
    return page


def test_without_runs_there_is_nothing_to_open(page: RunsPage) -> None:
    page.show()
    assert page.subtitle.text() == "What you train is kept and listed here."
    assert "No runs yet" in [each.text() for each in page.findChildren(QLabel) if each.isVisible()]
    assert not page.table.isVisible()
    assert not page.open.isEnabled()
    assert not page.folder.isEnabled()


@pytest.mark.parametrize(
    ("status", "can"), [("stopped", True), ("failed", True), ("finished", False)]
)
def test_only_what_is_unfinished_can_go_on(
    status: Literal["stopped", "failed", "finished"],
    can: bool,
    page: RunsPage,
    store: RunStore,
    opened: Opened,
    tmp_path: Path,
) -> None:
    run = store.finish(store.create(small_job(tmp_path)), status)
    page.show()
    assert page.go_on.isEnabled() is can
    page.go_on.click()
    assert opened == ([run] if can else [])


def test_a_run_whose_process_is_gone_can_go_on(page: RunsPage, store: RunStore, home: Path) -> None:
    run = store.create(small_job(home))
    gone = run.process.model_copy(update={"started": 1.0})
    store.save(run.model_copy(update={"process": gone}))
    page.show()
    assert page.go_on.isEnabled()


def test_nothing_goes_on_beside_a_run_at_work(
    qtbot: QtBot, store: RunStore, actions: RunActions, home: Path
) -> None:
    store.finish(store.create(small_job(home)), "stopped")
    page = RunsPage(store, replace(actions, is_training=lambda: True))
    qtbot.addWidget(page)
    page.show()
    assert not page.go_on.isEnabled()


def test_only_what_has_weights_can_be_forked(
    page: RunsPage, store: RunStore, opened: Opened, tmp_path: Path
) -> None:
    store.finish(store.create(small_job(tmp_path)), "failed")
    page.show()
    assert not page.fork.isEnabled()
    run = finished(store, tmp_path, 0.5)
    page.refresh()
    page.fork.click()
    assert opened == [run]


def test_each_look_reads_the_store_anew(page: RunsPage, store: RunStore, tmp_path: Path) -> None:
    page.show()
    page.hide()
    run = finished(store, tmp_path, 0.5)
    page.show()
    assert [each.id for each in page.table.records] == [run.id]
    assert page.subtitle.text() == "1 run"
    assert page.open.isEnabled()


def test_runs_are_sorted_by_the_figure_and_not_by_its_digits(
    qtbot: QtBot, page: RunsPage, store: RunStore, opened: Opened, tmp_path: Path
) -> None:
    for accuracy in (0.095, 1.0, 0.85):
        finished(store, tmp_path / "images", accuracy)
    store.finish(store.create(small_job(tmp_path)), "failed", "The disk is full.")
    page.show()
    page.table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    model = page.table.model()
    shown = [model.index(row, 4).data() for row in range(4)]
    assert shown == ["100.0%", "85.0%", "9.5%", "–"]
    assert model.index(3, 6).data() == "failed"
    page.table.selectRow(1)
    qtbot.mouseClick(page.open, Qt.MouseButton.LeftButton)
    assert [run.validation_accuracy for run in opened] == [0.85]


def test_the_status_of_a_run_that_failed_tells_why(
    page: RunsPage, store: RunStore, tmp_path: Path
) -> None:
    store.finish(store.create(small_job(tmp_path)), "failed", "The disk is full.")
    page.show()
    status = page.table.model().index(0, 6)
    assert status.data() == "failed"
    assert status.data(Qt.ItemDataRole.ToolTipRole) == "The disk is full."


def test_data_is_named_by_the_last_part_of_its_path(
    page: RunsPage, store: RunStore, tmp_path: Path
) -> None:
    finished(store, tmp_path / "a" / "bees", 0.5)
    page.show()
    data = page.table.model().index(0, 1)
    assert data.data() == "bees"
    assert data.data(Qt.ItemDataRole.ToolTipRole) == str(tmp_path / "a" / "bees")


def test_a_run_is_opened_by_the_keyboard_alone(
    qtbot: QtBot, page: RunsPage, store: RunStore, opened: Opened, tmp_path: Path
) -> None:
    run = finished(store, tmp_path, 0.5)
    page.show()
    page.activateWindow()
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert [each.id for each in opened] == [run.id]


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's bin, where it can be told where that is."""
    share = tmp_path / "share"
    share.mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(share))
    return share / "Trash" / "files"


OK, CANCEL = QMessageBox.StandardButton.Ok, QMessageBox.StandardButton.Cancel


def test_a_run_is_removed_to_the_bin_once_agreed(
    page: RunsPage, store: RunStore, opened: Opened, tmp_path: Path, bin_folder: Path
) -> None:
    kept, run = (finished(store, tmp_path / name, 0.5) for name in ("kept", "gone"))
    page.show()
    answer_dialog(press(CANCEL))
    page.remove.click()
    assert run.folder.exists()
    answer_dialog(press(OK))
    page.remove.click()
    assert opened == [run]
    assert [each.id for each in page.table.records] == [kept.id]
    assert [each.id for each in store.runs()] == [kept.id]
    if sys.platform == "linux":
        assert (bin_folder / run.id / "run.json").exists()


def test_a_run_in_a_folder_of_the_users_is_removed_and_forgotten(
    page: RunsPage, store: RunStore, tmp_path: Path, bin_folder: Path
) -> None:
    run = store.create(small_job(tmp_path), tmp_path / "mine")
    store.finish(run, "stopped")
    page.show()
    answer_dialog(press(OK))
    page.remove.click()
    assert not (tmp_path / "mine").exists()
    assert not (store.folder / run.id).exists()
    assert store.runs() == []


def test_a_run_at_work_cannot_be_removed(page: RunsPage, store: RunStore, tmp_path: Path) -> None:
    store.create(small_job(tmp_path))
    page.show()
    assert not page.remove.isEnabled()


def test_a_run_that_went_on_elsewhere_meanwhile_stays(
    page: RunsPage, store: RunStore, tmp_path: Path, bin_folder: Path
) -> None:
    run = finished(store, tmp_path, 0.5)
    page.show()
    answer_dialog(press(OK))
    with run_lock(run):
        page.remove.click()
    assert "at work in another process" in page.failure.text
    assert [each.id for each in page.table.records] == [run.id]


def test_several_runs_are_removed_at_once(
    page: RunsPage, store: RunStore, opened: Opened, tmp_path: Path, bin_folder: Path
) -> None:
    runs = [finished(store, tmp_path / name, 0.5) for name in ("first", "second", "third")]
    page.show()
    page.table.selectAll()
    alone = (page.open, page.folder, page.fork, page.go_on)
    assert not any(each.isEnabled() for each in alone), "they are for one run"
    page.table.activated.emit(page.table.currentIndex())
    asked = []
    answer_dialog(lambda dialog: (asked.append(dialog.text()), press(OK)(dialog)))
    with run_lock(runs[1]):
        page.remove.click()
    assert asked == ["Move these 3 runs to the bin?"]
    assert opened == [runs[2], runs[0]], "from the top of the list; none was opened"
    assert page.failure.text.count("at work in another process") == 1
    assert [each.id for each in page.table.records] == [runs[1].id]


def test_a_run_at_work_among_the_chosen_keeps_them_all(
    page: RunsPage, store: RunStore, tmp_path: Path
) -> None:
    finished(store, tmp_path, 0.5)
    store.create(small_job(tmp_path))
    page.show()
    page.table.selectAll()
    assert not page.remove.isEnabled()


@pytest.mark.skipif(sys.platform != "linux", reason="there the bin cannot be taken away")
def test_a_run_that_the_bin_does_not_take_stays(
    page: RunsPage, store: RunStore, tmp_path: Path, bin_folder: Path
) -> None:
    run = finished(store, tmp_path, 0.5)
    page.show()
    bin_folder.parents[1].rmdir()
    answer_dialog(press(OK))
    page.remove.click()
    assert f"delete its folder {run.folder}" in page.failure.text
    assert run.folder.exists()


@pytest.fixture
def installed_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package as pip leaves it, whose module needs what is not there."""
    site = tmp_path / "site"
    about = site / "graftwork_broken-2.1.dist-info"
    about.mkdir(parents=True)
    (site / "graftwork_broken.py").write_text("import a_library_that_is_missing\n", "utf-8")
    (about / "METADATA").write_text("Name: graftwork-broken\nVersion: 2.1\n", "utf-8")
    points = "[graftwork.plugins]\nbroken = graftwork_broken\n"
    (about / "entry_points.txt").write_text(dedent(points), "utf-8")
    monkeypatch.syspath_prepend(site)


@pytest.mark.usefixtures("installed_plugin")
def test_an_installed_plugin_that_fails_is_told_and_the_others_work(qtbot: QtBot) -> None:
    page = PluginsPage(load_plugins())
    qtbot.addWidget(page)
    page.show()
    assert page.subtitle.text() == "3 plugins in use, 1 failure"
    (banner,) = page.failures
    assert "broken" in banner.text
    assert "a_library_that_is_missing" in banner.text
    copy = next(
        b for b in banner.findChildren(QPushButton) if b.accessibleName() == "Copy the details"
    )
    copy.click()
    assert "ModuleNotFoundError" in QGuiApplication.clipboard().text()
    texts = " ".join(each.text() for each in page.findChildren(QLabel))
    assert "EfficientNet-Lite0" in texts
