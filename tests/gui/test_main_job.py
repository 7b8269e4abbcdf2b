"""The whole job through the window, on real images: open, look, train, judge, export, try."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from graftwork.engine.job import StartSettings
from graftwork.export.onnx_model import export_onnx
from graftwork.export.predict import predict_files
from graftwork.gui.destinations import DATA, EXPORT, RESULTS, RUNS, TRAIN
from graftwork.gui.export.page import ExportPage
from graftwork.gui.library.runs_page import RunsPage
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.results.page import ResultsPage
from graftwork.gui.train.page import PROGRESS, SETUP, TrainPage
from graftwork.gui.train.start_line import StartLine
from graftwork.gui.worker import Failure
from graftwork.plugin_api import HEAD
from graftwork.runs.starting_point import StartingPoint
from graftwork.runs.store import RunStore
from graftwork.runs.workshop import Workshop
from support.classifiers import tiny_classifier
from support.jobs import small_job

from .conftest import LONG, answer_dialog, press

OpenFolder = Callable[[Path], None]


def click(qtbot: QtBot, button: QPushButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def train_page(pages: Pages) -> TrainPage:
    page = pages.widgets[TRAIN]
    assert isinstance(page, TrainPage)
    return page


def start_long_training(qtbot: QtBot, window: MainWindow, pages: Pages) -> TrainPage:
    """Training that would go on for long, with some epochs behind it."""
    window.go_to(TRAIN)
    page = train_page(pages)
    page.setup.strategies.choose("full-fine-tuning")
    page.setup.form.set_values({"epochs": 1000, "patience": None})
    click(qtbot, page.start)
    qtbot.waitUntil(lambda: len(pages.train.history.epochs) >= 2, timeout=LONG)
    return page


def stop_training(qtbot: QtBot, pages: Pages) -> None:
    """Stop, and wait until the results are shown."""
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        click(qtbot, train_page(pages).stop)


def runs_page(window: MainWindow, pages: Pages) -> RunsPage:
    """The list of runs, in front."""
    window.go_to(RUNS)
    page = pages.widgets[RUNS]
    assert isinstance(page, RunsPage)
    return page


def read_the_data_again(qtbot: QtBot, pages: Pages) -> None:
    """Work that has nothing to do with training, from beginning to end."""
    opened = pages.data.current
    assert opened is not None
    with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
        pages.data.open(opened.wish)


def test_from_a_folder_to_a_model_that_answers(
    qtbot: QtBot,
    window: MainWindow,
    pages: Pages,
    workshop: Workshop,
    digits: Path,
    tmp_path: Path,
    open_folder: OpenFolder,
) -> None:
    open_folder(digits)
    data = pages.widgets[DATA]
    assert data.browser.images.count == 60  # type: ignore[attr-defined]
    assert data.subtitle.text().startswith("60 images in 3 classes")  # type: ignore[attr-defined]

    window.go_to(TRAIN)
    train = train_page(pages)
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        click(qtbot, train.start)
        assert train.views.current == PROGRESS
    ending = pages.train.ending
    assert ending is not None
    assert ending.how == "finished"
    assert pages.train.history.best is not None
    assert {HEAD} <= set(pages.train.history.phases[0].rates)

    click(qtbot, train.results)
    results = pages.widgets[RESULTS]
    assert isinstance(results, ResultsPage)
    assert results.isVisible()
    shown = pages.results.current
    assert shown is not None
    assert shown.evaluation is not None
    assert [figures.name for figures in results.classes.records] == ["0", "1", "4"]
    wrong = [p for p in shown.evaluation.predictions if p.label != p.predicted]
    assert results.mistakes.images.count == len(wrong)
    click(qtbot, results.go_on)

    export = pages.widgets[EXPORT]
    assert isinstance(export, ExportPage)
    file = tmp_path / "digits.onnx"
    export.save.file.setText(str(file))
    with qtbot.waitSignal(export._state.exported, timeout=LONG):
        click(qtbot, export.save.button)
    assert "Written and verified" in export.save.report.text
    assert str(file) in export.usage.command.toPlainText()
    assert '.convert("RGB")' in export.usage.program.toPlainText()
    written = file.stat().st_mtime_ns
    answer_dialog(press(QMessageBox.StandardButton.Cancel))
    click(qtbot, export.save.button)  # what is there is not replaced unasked
    assert file.stat().st_mtime_ns == written
    assert export.save.button.isEnabled()

    tried = sorted(digits.glob("4/*.png"))[:3]
    with qtbot.waitSignal(export._state.tried, timeout=LONG):
        export.trial.try_paths(tried)
    shown_answers = [export.trial.grid.model().index(row, 0).data() for row in range(3)]
    assert shown_answers == [answer.predicted for answer in predict_files(file, tried)]  # type: ignore[union-attr]

    window.go_to(RUNS)
    runs = pages.widgets[RUNS]
    assert isinstance(runs, RunsPage)
    assert [run.id for run in runs.table.records] == [workshop.store.get("last").id]
    assert runs.table.records[0].test_accuracy is not None


def test_a_run_is_opened_again_from_the_list(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    window.go_to(TRAIN)
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        click(qtbot, train_page(pages).start)
    first = pages.results.current
    assert first is not None
    window.go_to(RUNS)
    runs = pages.widgets[RUNS]
    assert isinstance(runs, RunsPage)
    runs.table.selectRow(0)
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        click(qtbot, runs.open)
    again = pages.results.current
    assert again is not None
    assert again.evaluation == first.evaluation
    assert again.history.epochs == pages.train.history.epochs
    assert pages.widgets[RESULTS].isVisible()


def test_of_a_removed_run_nothing_is_shown_or_exported_any_more(
    qtbot: QtBot,
    window: MainWindow,
    pages: Pages,
    digits: Path,
    open_folder: OpenFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # where a bin is, on Linux
    open_folder(digits)
    window.go_to(TRAIN)
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        click(qtbot, train_page(pages).start)
    answer_dialog(press(QMessageBox.StandardButton.Ok))
    with qtbot.waitSignal(pages.results.closed):
        click(qtbot, runs_page(window, pages).remove)
    assert pages.results.current is None
    for place, heading in ((RESULTS, "No results yet"), (EXPORT, "Nothing to export yet")):
        window.go_to(place)
        shown = [each for each in window.findChildren(QLabel) if each.isVisible()]
        assert heading in [each.text() for each in shown]


def test_stopping_keeps_the_best_and_measures_it(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    page = start_long_training(qtbot, window, pages)
    stop_training(qtbot, pages)
    ending = pages.train.ending
    assert ending is not None
    assert ending.how == "stopped"
    assert ending.run is not None
    assert ending.run.status == "stopped"
    assert (ending.run.folder / "best.safetensors").is_file()
    assert pages.results.current is not None
    assert pages.results.current.evaluation is not None
    assert page.results.isVisible()


def test_a_run_that_ends_takes_no_other_run_from_under_the_users_hands(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    first = _trained(qtbot, window, pages)
    page = start_long_training(qtbot, window, pages)
    window.go_to(EXPORT)
    export = pages.widgets[EXPORT]
    assert isinstance(export, ExportPage)
    export.save.file.setText("of my own.onnx")
    with qtbot.waitSignal(pages.train.ended, timeout=LONG):
        pages.train.stop()
    assert pages.results.run_id == first
    assert export.save.file.text() == "of my own.onnx"
    window.go_to(TRAIN)
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        click(qtbot, page.results)
    assert pages.train.ending is not None
    assert pages.train.ending.run is not None
    assert pages.results.run_id == pages.train.ending.run.id != first
    assert pages.widgets[RESULTS].isVisible()


def test_wherever_the_user_is_the_window_says_how_the_training_stands(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    page = start_long_training(qtbot, window, pages)
    trained = f"tiny, full-fine-tuning  ·  {digits}"
    window.go_to(DATA)
    assert window._status.text() == f"Training  ·  {trained}"
    assert window.windowTitle() == "Training – Graftwork"
    pages.train.pause_or_resume()
    assert window._status.text() == f"Training is paused  ·  {trained}"
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        pages.train.stop()
    assert window._status.text() == f"Training was stopped  ·  {trained}"
    assert window.windowTitle() == "Graftwork"
    assert not page.isVisible()


def test_a_fork_opens_its_runs_own_images_if_none_are_open(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, workshop: Workshop
) -> None:
    for _ in workshop.train(small_job(digits)):
        pass
    runs = runs_page(window, pages)
    runs.table.selectRow(0)
    with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
        click(qtbot, runs.fork)
    assert pages.data.current is not None
    assert pages.data.current.wish.path == digits
    page = train_page(pages)
    assert page.isVisible()
    assert page.start.isEnabled()
    assert page.setup.start.isVisible()


def _trained(qtbot: QtBot, window: MainWindow, pages: Pages) -> str:
    """A short run, trained in the window; its id."""
    window.go_to(TRAIN)
    with qtbot.waitSignal(pages.results.shown, timeout=LONG):
        click(qtbot, train_page(pages).start)
    train_page(pages).views.choose(SETUP)
    assert pages.results.run_id is not None
    return pages.results.run_id


def test_a_stopped_run_goes_on_from_the_list_of_runs(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    page = start_long_training(qtbot, window, pages)
    stop_training(qtbot, pages)
    before = len(pages.train.history.epochs)
    click(qtbot, runs_page(window, pages).go_on)
    assert page.isVisible()
    qtbot.waitUntil(lambda: len(pages.train.history.epochs) >= before + 2, timeout=LONG)
    assert [epoch.epoch for epoch in pages.train.history.epochs] == list(
        range(1, len(pages.train.history.epochs) + 1)
    )
    assert len(pages.train.history.phases) == 1
    stop_training(qtbot, pages)


def test_the_progress_names_what_its_run_learns_from_whatever_is_opened_meanwhile(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    other = digits.with_name("letters")
    shutil.copytree(digits, other)
    open_folder(digits)
    page = start_long_training(qtbot, window, pages)
    trained = f"tiny, full-fine-tuning  ·  {digits}"
    assert page.subtitle.text() == trained
    open_folder(other)
    assert page.subtitle.text() == trained
    window.go_to(TRAIN)
    page.views.choose(SETUP)
    assert page.subtitle.text() == f"60 images in 3 classes  ·  {other}"
    page.views.choose(PROGRESS)
    stop_training(qtbot, pages)
    assert page.subtitle.text() == trained
    click(qtbot, runs_page(window, pages).go_on)
    assert page.subtitle.text() == trained
    stop_training(qtbot, pages)


def test_a_run_is_forked_with_its_settings_until_others_are_entered(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    page = start_long_training(qtbot, window, pages)
    stop_training(qtbot, pages)
    assert pages.train.ending
    earlier = pages.train.ending.run
    assert earlier
    job = pages.train.workshop.store.job_of(earlier)
    page.setup.strategies.choose("prototypes")
    page.setup.numbers.reset()
    click(qtbot, runs_page(window, pages).fork)
    assert page.setup.start.isVisible()
    assert not page.setup.backbones.isEnabled()
    assert pages.data.current
    forked = page.setup.job(pages.data.current.wish)
    other = {"start": forked.start, "data": forked.data, "data_fingerprint": None}
    assert forked == job.model_copy(update=other)
    with qtbot.waitSignal(pages.train.started):
        click(qtbot, page.start)
    qtbot.waitUntil(lambda: bool(pages.train.history.epochs), timeout=LONG)
    stop_training(qtbot, pages)
    run = pages.train.ending.run
    assert run
    start = pages.train.workshop.store.job_of(run).start
    assert start
    assert (start.origin, start.weights, start.replay) == (earlier.folder, "best", 0)
    assert start.folder == run.folder / "start"


def test_a_fork_may_begin_at_an_epoch_or_be_given_up(qtbot: QtBot, tmp_path: Path) -> None:
    line, job = StartLine(), small_job(tmp_path)
    qtbot.addWidget(line)
    assert line.start is None
    run = RunStore(tmp_path / "runs").create(job)
    names = ("best", "1-9", "1-10")
    line.show_point(StartingPoint(run=run, job=job, weights=names, has_sample=True))
    line.weights.setCurrentText("Phase 1, epoch 10")
    line.replay.setValue(3)
    assert line.start == StartSettings(folder=run.folder, weights="1-10", replay=3)
    click(qtbot, line.leave)
    assert line.start is None
    assert not line.isVisible()


def test_a_pause_holds_the_training_until_it_goes_on(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    page = start_long_training(qtbot, window, pages)
    click(qtbot, page.pause)
    assert page.pause.accessibleName() == "Resume"
    page.live.progress.refresh()
    assert page.live.progress.what.text().startswith("Paused")
    thread = pages.train._thread
    assert thread is not None
    assert thread.paused
    read_the_data_again(qtbot, pages)  # what was on its way when the pause came is heard meanwhile
    steps = len(pages.train.history.step_positions)
    read_the_data_again(qtbot, pages)
    assert len(pages.train.history.step_positions) <= steps + 1
    epochs = len(pages.train.history.epochs)
    click(qtbot, page.pause)
    assert page.pause.accessibleName() == "Pause"
    qtbot.waitUntil(lambda: len(pages.train.history.epochs) > epochs + 1, timeout=LONG)


def is_doing(pages: Pages, doing: str) -> bool:
    return pages.train.doing == doing


def test_training_is_started_and_paused_by_keys(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    window.go_to(TRAIN)
    page = train_page(pages)
    page.setup.strategies.choose("full-fine-tuning")
    page.setup.form.set_values({"epochs": 1000, "patience": None})
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(window, Qt.Key.Key_Return, control)
    qtbot.waitUntil(lambda: pages.train.is_busy)
    for doing in ("pausing", "training", "pausing"):
        qtbot.keyClick(window, Qt.Key.Key_P, control)
        qtbot.waitUntil(partial(is_doing, pages, doing))
    assert page.pause.accessibleName() == "Resume"


def test_a_model_of_long_ago_answers_without_a_run(
    qtbot: QtBot,
    window: MainWindow,
    pages: Pages,
    digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "old.onnx"
    noise = np.random.default_rng(0).integers(0, 256, (4, 20, 24, 3), np.uint8)
    export_onnx(tiny_classifier(), file, list(noise))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    window.go_to(EXPORT)
    export = pages.widgets[EXPORT]
    assert isinstance(export, ExportPage)
    assert not export.trial.area.isEnabled()
    click(qtbot, export.trial.choose_model)
    assert export.trial.model.text() == str(file)
    with qtbot.waitSignal(export._state.tried, timeout=LONG):
        export.trial.try_paths([digits / "1"])
    assert export.trial.grid.count == 20
    assert export.trial.summary.text() == "20 images"


def test_a_file_that_is_no_model_answers_in_words(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"no model")
    window.go_to(EXPORT)
    export = pages.widgets[EXPORT]
    assert isinstance(export, ExportPage)
    export._state.use_model(file)
    with qtbot.waitSignal(export._state.refused, timeout=LONG):
        export.trial.try_paths([digits])
    assert export.failure.isVisible()
    assert "model.onnx" in export.failure.text
    assert export.trial.area.isVisible()


def test_closing_during_training_asks_and_may_go_on(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    start_long_training(qtbot, window, pages)
    answer_dialog(press(QMessageBox.StandardButton.Cancel))
    assert not window.close()
    assert window.isVisible()
    epochs = len(pages.train.history.epochs)
    qtbot.waitUntil(lambda: len(pages.train.history.epochs) > epochs, timeout=LONG)
    assert pages.train.is_busy


def test_closing_during_training_stops_cleanly_and_keeps_the_best(
    qtbot: QtBot,
    window: MainWindow,
    pages: Pages,
    workshop: Workshop,
    digits: Path,
    open_folder: OpenFolder,
) -> None:
    open_folder(digits)
    start_long_training(qtbot, window, pages)
    answer_dialog(press(QMessageBox.StandardButton.Ok))
    assert window.close()
    assert window.tasks.running == 0
    run = workshop.store.get("last")
    assert run.status == "stopped"
    assert (run.folder / "best.safetensors").is_file()
    assert window.settings.window_geometry is not None


def test_closing_a_window_at_rest_asks_nothing(window: MainWindow) -> None:
    assert window.close()


def test_a_training_that_fails_says_why(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    for image in digits.rglob("*.png"):
        image.write_bytes(b"gone bad")
    window.go_to(TRAIN)
    page = train_page(pages)
    with qtbot.waitSignal(pages.train.ended, timeout=LONG):
        click(qtbot, page.start)
    ending = pages.train.ending
    assert ending is not None
    assert ending.how == "failed"
    assert ending.failure is not None
    assert page.failure.isVisible()
    assert page.failure.text == ending.failure.message
    assert page.start.isVisible()


def test_a_job_that_makes_no_sense_is_refused_before_it_starts(
    qtbot: QtBot, window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    window.go_to(TRAIN)
    page = train_page(pages)
    page.setup.numbers.set_values({"validation": 0.6, "test": 0.6})
    click(qtbot, page.start)
    assert page.failure.isVisible()
    assert "leave images to train on" in page.failure.text
    assert not pages.train.is_busy


def test_a_refusal_goes_when_something_else_is_set_or_opened(
    window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    page = train_page(pages)
    for mend in (lambda: page.setup.form.set_values({"epochs": 7}), lambda: open_folder(digits)):
        page.failure.show_failure(Failure(message="It cannot be so.", details=""))
        assert not page.failure.isHidden()
        mend()
        assert page.failure.isHidden()


def test_without_data_nothing_can_be_started(window: MainWindow, pages: Pages) -> None:
    window.go_to(TRAIN)
    assert not train_page(pages).start.isEnabled()
