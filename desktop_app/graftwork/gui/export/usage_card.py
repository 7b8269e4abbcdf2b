"""How the exported model is used: a command and a program, each to be copied."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit

from graftwork.data.input_spec import InputSpec
from graftwork.export.snippets import command, plain_program, program
from graftwork.gui.parts.boxes import GRID, Card, row
from graftwork.gui.parts.buttons import copy_button
from graftwork.gui.parts.text import label


class UsageCard(Card):
    """Shows what to type for the file that is named."""

    def __init__(self) -> None:
        super().__init__("Use it")
        self.command = _code("The command", lines=1)
        self.program = _code("The program", lines=14)
        parts = ((self.command, "In a terminal"), (self.program, "In Python"))
        for text, heading in parts:
            copy = copy_button(text.toPlainText, heading.lower())
            self.body.addLayout(row(label(heading, "muted"), None, copy))
            self.body.addWidget(text)
        self.body.setSpacing(GRID // 2)
        self.body.addStretch(1)

    def show_file(self, file: Path, spec: InputSpec | None) -> None:
        """Show how this file is used; of a model of images, the input of its network."""
        self.command.setPlainText(command(file))
        self.program.setPlainText(program(file, spec) if spec else plain_program(file))


def _code(name: str, lines: int) -> QPlainTextEdit:
    text = QPlainTextEdit(readOnly=True)
    text.setProperty("role", "code")
    text.setAccessibleName(name)
    text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    text.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    text.setFixedHeight(lines * 17 + 26)
    text.setTabChangesFocus(True)
    return text
