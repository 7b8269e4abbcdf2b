"""What images the exported file is tried on, and how they are chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from graftwork.gui.destinations import EXPORT
from graftwork.gui.export.page import ExportPage
from graftwork.gui.export.try_card import TryCard
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.pictures.loader import PictureLoader

MODEL = Path("flowers.onnx")


@pytest.fixture
def tried() -> list[Path]:
    return []


@pytest.fixture
def card(qtbot: QtBot, tried: list[Path]) -> Iterator[TryCard]:
    """In a window of its own, with a model, and the focus on what chooses another one."""
    loader = PictureLoader(32)
    card = TryCard(tried.extend, lambda _: None, loader)
    qtbot.addWidget(card)
    card.show_model(MODEL)
    card.show()
    card.activateWindow()
    card.choose_model.setFocus()
    qtbot.waitUntil(card.choose_model.hasFocus)
    yield card
    loader.close()


@pytest.mark.parametrize(
    ("tabs", "name", "wanted"),
    [
        (1, "Choose images…", [Path("a.png"), Path("b.png")]),
        (2, "Choose a folder…", [Path("bees")]),
    ],
)
def test_images_and_folders_are_chosen_by_keyboard(
    qtbot: QtBot,
    card: TryCard,
    tried: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    tabs: int,
    name: str,
    wanted: list[Path],
) -> None:
    answer([Path("a.png"), Path("b.png")], Path("bees"), monkeypatch)
    for _ in range(tabs):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert QApplication.focusWidget().accessibleName() == name
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert tried == wanted
    assert QApplication.focusWidget().isVisible()


def test_nothing_is_tried_where_nothing_is_chosen(
    card: TryCard, tried: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer([], None, monkeypatch)
    for choose in (card.choose_images, card.choose_folder):
        choose.click()
    assert tried == []
    assert card.area.isVisible()


def test_the_buttons_show_their_words_whole_in_a_small_window(
    qtbot: QtBot, window: MainWindow, pages: Pages
) -> None:
    window.resize(960, 640)
    window.go_to(EXPORT)
    QApplication.processEvents()
    export = pages.widgets[EXPORT]
    assert isinstance(export, ExportPage)
    for choose in (export.trial.choose_images, export.trial.choose_folder):
        assert choose.width() >= choose.sizeHint().width()


def answer(files: Sequence[Path], folder: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system's dialogs give."""
    given = ([str(file) for file in files], "")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: given)
    chosen = str(folder) if folder else ""
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: chosen)
