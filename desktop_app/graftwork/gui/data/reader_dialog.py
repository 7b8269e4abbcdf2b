"""Asks how a file or folder is to be read, before it is: a form of the reader's options."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QPlainTextEdit,
    QStackedWidget,
    QWidget,
)

from graftwork.data.catalog import offers_of
from graftwork.gui.form.settings_form import SettingsForm
from graftwork.gui.parts.boxes import GRID, column, scrolling
from graftwork.gui.parts.text import label
from graftwork.plugin_api import DatasetReader

from .opening import Wish


class ReaderDialog(QDialog):
    """Chooses among readers that recognise the path, and what the chosen one is told.

    It begins with what ``asked`` says already.
    """

    def __init__(self, asked: Wish, readers: Sequence[DatasetReader], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Open {asked.path.name}")
        self._path = path = asked.path
        self.resize(620, 320 if path.is_dir() else 640)
        self._readers = readers
        self.forms = [
            SettingsForm(reader.options, offers=offers_of(reader, path)) for reader in readers
        ]
        self._choice = QComboBox()
        self._choice.addItems([reader.title for reader in readers])
        self._choice.setAccessibleName("Reader")
        self._choice.setVisible(len(readers) > 1)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._open = self._buttons.addButton("Open", QDialogButtonBox.ButtonRole.AcceptRole)
        self._open.setProperty("kind", "primary")
        self._lay_out()
        self._enter(asked)

    def _enter(self, asked: Wish) -> None:
        for number, reader in enumerate(self._readers):
            if reader.name == asked.reader:
                self._choice.setCurrentIndex(number)
                self.forms[number].set_values(asked.options)

    def _lay_out(self) -> None:
        stack = QStackedWidget()
        for form in self.forms:
            inside = QWidget()
            inside.setLayout(column(form, None))
            stack.addWidget(scrolling(inside))
            form.changed.connect(self._allow_opening)
        self._choice.currentIndexChanged.connect(stack.setCurrentIndex)
        self._choice.currentIndexChanged.connect(self._allow_opening)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        parts = (*self._head(), self._choice, stack, self._buttons)
        self.setLayout(column(*parts, gap=GRID, margin=2 * GRID))

    def _head(self) -> tuple[QWidget, ...]:
        if self._path.is_dir():
            return (label("How is this folder to be read?", "heading"),)
        beginning = QPlainTextEdit(_first_lines(self._path), readOnly=True)
        beginning.setProperty("role", "code")
        beginning.setAccessibleName("The beginning of the file")
        beginning.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        beginning.setFixedHeight(120)
        head = label("How is this table to be read?", "heading")
        return head, label("It begins like this:", "muted"), beginning

    def wish(self) -> Wish:
        """What to open, and how."""
        number = self._choice.currentIndex()
        return Wish(
            path=self._path,
            reader=self._readers[number].name,
            options=self.forms[number].values(),
        )

    def _allow_opening(self) -> None:
        self._open.setEnabled(self.forms[self._choice.currentIndex()].is_valid)


def _first_lines(path: Path, number: int = 6) -> str:
    try:
        with path.open(encoding=_encoding(path), errors="replace") as lines:
            return "".join(line[:400] for line in islice(lines, number))
    except OSError as error:
        return str(error)


def _encoding(path: Path) -> str:
    """UTF-16 where a byte order mark says so, as Excel writes "Unicode text", or else UTF-8."""
    with path.open("rb") as file:
        marked = file.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE)
    return "utf-16" if marked else "utf-8-sig"
