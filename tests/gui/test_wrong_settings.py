"""What is said of settings that make no job, also where they are folded away."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from graftwork.gui.destinations import TRAIN
from graftwork.gui.form.settings_form import SettingsForm
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages

from .test_main_job import OpenFolder, train_page
from .test_settings_form import Everything


@pytest.fixture
def form(qtbot: QtBot) -> SettingsForm:
    form = SettingsForm(Everything, folded={"layers", "names"})
    qtbot.addWidget(form)
    form.show()
    return form


def field(form: SettingsForm, name: str) -> QLineEdit:
    found = form.findChild(QLineEdit, name)
    assert isinstance(found, QLineEdit)
    return found


def test_the_heading_counts_the_wrong_values_below_it(form: SettingsForm) -> None:
    more = form.findChild(QPushButton)
    field(form, "layers").setText("[1")
    assert more.text() == "More  ·  1 wrong value"
    field(form, "names").setText("a")
    assert more.text() == "More  ·  2 wrong values"
    form.reset()
    assert more.text() == "More"


def test_a_screen_reader_is_told_what_is_wrong_with_a_value(form: SettingsForm) -> None:
    layers = field(form, "layers")
    layers.setText("[1")
    assert form.problems()["layers"] in layers.accessibleDescription()
    form.reset()
    assert layers.accessibleDescription() == ""


def test_what_keeps_training_from_its_start_is_said(
    window: MainWindow, pages: Pages, digits: Path, open_folder: OpenFolder
) -> None:
    open_folder(digits)
    window.go_to(TRAIN)
    page = train_page(pages)
    field(page.setup.numbers, "stage_schedules").setText("resnet 10")
    (problem,) = page.setup.problems()
    assert problem.startswith("Stage schedules: ")
    for button in (page.start, page.setup.find_rate):
        assert not button.isEnabled()
        assert button.toolTip() == problem
    assert page.subtitle.text() == problem
    page.setup.reset()
    assert page.start.toolTip() == "Ctrl+Return"
    assert page.setup.find_rate.toolTip() == ""
    assert page.subtitle.text().startswith("60 images in 3 classes")
