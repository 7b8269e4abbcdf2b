"""Finding a learning rate through the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from graftwork.engine.rates.curve import RatePoint
from graftwork.gui.destinations import TRAIN
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.train.page import TrainPage
from graftwork.gui.train.rate_dialog import RateDialog, _measured
from graftwork.runs.workshop import Workshop

from .conftest import LONG
from .test_main_job import OpenFolder, click, train_page


@pytest.fixture
def page(window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder) -> TrainPage:
    """The Train page, with digits to train on."""
    open_folder(digits)
    window.go_to(TRAIN)
    return train_page(pages)


def open_dialog(qtbot: QtBot, page: TrainPage) -> RateDialog:
    click(qtbot, page.setup.find_rate)
    dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, RateDialog))
    assert dialog.isVisible()
    assert not dialog.use.isEnabled()
    return dialog


def test_the_suggested_rate_is_shown_and_entered(
    qtbot: QtBot, page: TrainPage, workshop: Workshop
) -> None:
    dialog = open_dialog(qtbot, page)
    qtbot.waitUntil(lambda: dialog.found is not None, timeout=LONG)
    found = dialog.found
    assert found is not None
    assert dialog.answer.text() == found.summary
    assert dialog.answer.isVisible()
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    assert page.setup.form.values()["rate"] == found.settings["rate"]
    assert not dialog.isVisible()
    assert list(workshop.store.runs()) == []


def test_the_next_phase_is_tried_with_the_one_before_trained(qtbot: QtBot, page: TrainPage) -> None:
    page.setup.strategies.choose("top-stages")
    page.setup.use({"head_epochs": 2, "epochs": 2})
    dialog = open_dialog(qtbot, page)
    qtbot.waitUntil(lambda: dialog.found is not None, timeout=LONG)
    assert dialog.found is not None
    assert dialog.found.rates.keys() == {"head"}
    qtbot.mouseClick(dialog.next, Qt.MouseButton.LeftButton)
    assert not dialog.answer.isVisible()
    assert not dialog.next.isEnabled()
    assert dialog._busy.isVisible()
    qtbot.waitUntil(lambda: dialog.found is not None, timeout=LONG)
    assert len(dialog.found.rates) > 1
    assert dialog.found.next_phase is None
    assert not dialog.next.isEnabled()
    dialog.close()


def test_enter_uses_the_rate_that_was_found(qtbot: QtBot, page: TrainPage) -> None:
    dialog = open_dialog(qtbot, page)
    qtbot.waitUntil(lambda: dialog.found is not None, timeout=LONG)
    assert dialog.use.isDefault()
    assert dialog.focusWidget() == dialog.use
    with qtbot.waitSignal(dialog.wanted):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)


def test_tab_leads_along_the_buttons_as_they_stand(qtbot: QtBot, page: TrainPage) -> None:
    dialog = open_dialog(qtbot, page)
    buttons = sorted(dialog.buttons.buttons(), key=QWidget.x)
    chain = [buttons[0]]
    for _ in buttons[1:]:
        chain.append(chain[-1].nextInFocusChain())
    assert chain == buttons
    dialog.close()


def test_closing_it_stops_the_work_and_changes_nothing(
    qtbot: QtBot, page: TrainPage, window: MainWindow
) -> None:
    before = page.setup.form.values()
    qtbot.keyClick(open_dialog(qtbot, page), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.tasks.running == 0, timeout=LONG)
    assert page.setup.form.values() == before


def test_what_goes_wrong_is_told(qtbot: QtBot, page: TrainPage) -> None:
    page.setup.numbers.set_values({"class_weights": "inverse", "sampling": "balanced"})
    dialog = open_dialog(qtbot, page)
    qtbot.waitUntil(lambda: "Choose one" in dialog._failure.text, timeout=LONG)
    assert not dialog.use.isEnabled()
    dialog.close()


def test_it_waits_for_data(window: MainWindow, pages: Pages) -> None:
    assert not train_page(pages).setup.find_rate.isEnabled()


def test_what_diverged_is_not_drawn() -> None:
    losses = [1.0, 0.5, 1.9, 30.0]
    points = [RatePoint(rate=10.0**n, loss=loss) for n, loss in enumerate(losses, -4)]
    curve = _measured(points)
    assert list(curve.y) == losses[:3]
    assert list(curve.x) == [point.rate for point in points[:3]]
