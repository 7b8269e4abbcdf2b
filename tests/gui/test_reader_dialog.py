"""The dialog that asks how a file is to be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel, Field
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from graftwork.gui.data.opening import Wish, open_data
from graftwork.gui.data.reader_dialog import ReaderDialog
from graftwork.plugin_api import DatasetReader
from graftwork.plugin_host import Registry
from support.generators import drain
from support.images import make_folder


class FilmOptions(BaseModel):
    every: int = Field(default=10, ge=1)
    note: str = Field(default="ok", min_length=1)


@pytest.fixture
def table(registry: Registry) -> DatasetReader:
    return registry.reader("table")


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A table as ELPV's: no header, blanks between, degrees of wear for labels."""
    images = make_folder(tmp_path / "images", per_class=4)
    degrees = {"red": "0.0", "green": "0.3333333333333333", "blue": "1.0"}
    rows = [
        f"{file.relative_to(tmp_path)}  {degrees[file.parent.name]}          mono"
        for file in sorted(images.rglob("*.png"))
    ]
    file = tmp_path / "labels.csv"
    file.write_text("\n".join(rows), "utf-8")
    return file


def test_a_table_without_header_is_told_by_numbers_and_a_line_of_labels(
    registry: Registry, table: DatasetReader, labels: Path, parent: QWidget
) -> None:
    dialog = ReaderDialog(Wish(path=labels), [table], parent)
    dialog.forms[0].set_values({"path_column": "1", "label_column": "2"})
    line = dialog.forms[0].findChild(QLineEdit, "labels")
    line.setText("0.0: functional, 1.0: defective")
    _, opened = drain(open_data(dialog.wish(), registry.readers))
    assert opened.catalog.counts() == {"defective": 4, "functional": 4}
    (left_out,) = opened.catalog.problems
    assert "4 rows are left out" in left_out.reason


def test_labels_that_say_nothing_cannot_be_opened(
    table: DatasetReader, labels: Path, parent: QWidget
) -> None:
    dialog = ReaderDialog(Wish(path=labels), [table], parent)
    line = dialog.forms[0].findChild(QLineEdit, "labels")
    line.setText("functional")
    assert not dialog._open.isEnabled()
    line.clear()
    assert dialog._open.isEnabled()
    assert dialog.wish().options["labels"] == {}


def test_it_shows_how_the_file_begins(table: DatasetReader, labels: Path, parent: QWidget) -> None:
    dialog = ReaderDialog(Wish(path=labels), [table], parent)
    shown = dialog.findChild(QPlainTextEdit).toPlainText()
    assert shown.splitlines() == labels.read_text("utf-8").splitlines()[:6]


def test_a_file_that_cannot_be_read_says_so_where_it_would_begin(
    table: DatasetReader, tmp_path: Path, parent: QWidget
) -> None:
    dialog = ReaderDialog(Wish(path=tmp_path / "gone.csv"), [table], parent)
    assert "gone.csv" in dialog.findChild(QPlainTextEdit).toPlainText()


def test_one_of_several_readers_is_chosen_with_its_own_options(
    table: DatasetReader, labels: Path, parent: QWidget
) -> None:
    film = replace(table, name="film", title="Film", options=FilmOptions)
    dialog = ReaderDialog(Wish(path=labels), [table, film], parent)
    dialog._choice.setCurrentIndex(1)
    dialog.forms[1].findChild(QSpinBox, "every").setValue(5)
    wish = dialog.wish()
    assert (wish.reader, dict(wish.options)) == ("film", {"every": 5, "note": "ok"})
    dialog.forms[1].findChild(QLineEdit, "note").clear()
    assert not dialog._open.isEnabled()
    dialog._choice.setCurrentIndex(0)
    assert dialog._open.isEnabled()


def test_escape_opens_nothing(table: DatasetReader, labels: Path, parent: QWidget) -> None:
    dialog = ReaderDialog(Wish(path=labels), [table], parent)
    dialog.open()
    dialog.reject()
    assert dialog.result() == QDialog.DialogCode.Rejected


def test_of_a_folder_it_only_asks_which_reader(table: DatasetReader, parent: QWidget) -> None:
    dialog = ReaderDialog(Wish(path=Path(__file__).parent), [table, table], parent)
    assert dialog.findChild(QPlainTextEdit) is None
    texts = [each.text() for each in dialog.findChildren(QLabel)]
    assert "How is this folder to be read?" in texts
    assert dialog.wish().path == Path(__file__).parent


def test_it_begins_with_what_was_said_before(
    table: DatasetReader, labels: Path, parent: QWidget
) -> None:
    film = replace(table, name="film", title="Film", options=FilmOptions)
    said = Wish(path=labels, reader="film", options={"every": 3, "note": "slow"})
    assert ReaderDialog(said, [table, film], parent).wish() == said


def test_the_columns_of_a_table_can_be_chosen(
    registry: Registry, table: DatasetReader, tmp_path: Path, parent: QWidget
) -> None:
    make_folder(tmp_path / "images", per_class=4)
    rows = [f"{f.parent.name},{f}" for f in sorted(tmp_path.rglob("*.png"))]
    file = tmp_path / "labels.csv"
    file.write_text("\n".join(["kind,where", *rows]), "utf-8")
    dialog = ReaderDialog(Wish(path=file), [table], parent)
    for option, chosen in (("path_column", 1), ("label_column", 0)):
        box = dialog.forms[0].findChild(QComboBox, option)
        assert [box.itemText(place) for place in range(box.count())] == ["kind", "where"]
        dialog.forms[0].set_values({option: "3"})
        box.setCurrentIndex(chosen)
    _, opened = drain(open_data(dialog.wish(), registry.readers))
    assert opened.catalog.counts() == {"blue": 4, "green": 4, "red": 4}
