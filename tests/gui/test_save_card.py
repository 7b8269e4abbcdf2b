"""Where a model is written to: nowhere until a file is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from graftwork.gui.export.save_card import SaveCard


class Exports:
    """How often the model was to be written."""

    count = 0

    def add(self) -> None:
        """Once more."""
        self.count += 1


@pytest.fixture
def exports() -> Exports:
    return Exports()


@pytest.fixture
def card(qtbot: QtBot, exports: Exports) -> SaveCard:
    card = SaveCard(exports.add)
    qtbot.addWidget(card)
    card.show()
    return card


def texts(card: SaveCard) -> list[str]:
    return [each.text() for each in card.findChildren(QLabel) if each.isVisible()]


@pytest.mark.parametrize("name", ["", "  "])
def test_without_a_name_nothing_is_written_and_it_is_said_why(
    qtbot: QtBot, card: SaveCard, exports: Exports, name: str
) -> None:
    card.file.setText("model.onnx")
    card.file.setText(name)
    qtbot.mouseClick(card.button, Qt.MouseButton.LeftButton)
    assert exports.count == 0
    assert "Name a file first." in texts(card)


def test_with_a_name_it_is_written_once_at_a_time(
    qtbot: QtBot, card: SaveCard, exports: Exports
) -> None:
    card.file.setText("bees")
    assert "Name a file first." not in texts(card)
    qtbot.mouseClick(card.button, Qt.MouseButton.LeftButton)
    card.show_busy()
    card.file.setText("wasps")
    qtbot.mouseClick(card.button, Qt.MouseButton.LeftButton)
    assert exports.count == 1
    card.show_end()
    assert card.button.isEnabled()


def test_a_name_without_a_folder_is_in_the_users_own(card: SaveCard) -> None:
    card.file.setText("bees")
    assert card.path == Path.home() / "bees.onnx"
    card.file.setText("~/models/bees.onnx")
    assert card.path == Path.home() / "models" / "bees.onnx"


def test_a_file_is_replaced_unasked_only_where_the_dialog_has_asked(
    card: SaveCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bees.onnx"
    card.file.setText(str(file))
    assert not card.replaces_unasked
    file.write_text("older")
    assert card.replaces_unasked
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    next(b for b in card.findChildren(QPushButton) if b.accessibleName() == "Choose…").click()
    assert not card.replaces_unasked
