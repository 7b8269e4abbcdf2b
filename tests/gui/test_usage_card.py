"""What the Export page tells of using the file elsewhere."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from graftwork.data.input_spec import IntensityRange, input_spec
from graftwork.gui.export.usage_card import UsageCard
from support.tiny import TINY

FILE = Path("bees.onnx")


def test_the_program_reads_images_as_the_run_did(qtbot: QtBot) -> None:
    card = UsageCard()
    qtbot.addWidget(card)
    spec = input_spec(TINY.preprocessing, fit="squash", channels=3)
    card.show_file(FILE, spec)
    assert card.command.toPlainText() == "graftwork predict bees.onnx FOLDER"
    assert '.convert("RGB")' in card.program.toPlainText()
    deep = spec.model_copy(update={"intensity": IntensityRange(low=100.0, high=355.0)})
    card.show_file(FILE, deep)
    assert "(image.astype(np.float32) - 100.0) * 1.0" in card.program.toPlainText()
    card.show_file(FILE, None)
    assert '{"input": batch}' in card.program.toPlainText()


def test_all_lines_of_the_longest_program_are_seen(qtbot: QtBot) -> None:
    card = UsageCard()
    qtbot.addWidget(card)
    card.resize(1200, 700)
    card.show()
    for channels in (1, 3, 5):
        for intensity in (None, IntensityRange(low=0.0, high=4095.0)):
            spec = input_spec(TINY.preprocessing, fit="pad", channels=channels, intensity=intensity)
            card.show_file(FILE, spec)
            assert card.program.verticalScrollBar().maximum() == 0
