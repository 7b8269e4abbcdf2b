"""Where a model is written to: nowhere until a file is named."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
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
