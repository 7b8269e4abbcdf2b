"""The Data page: good folders, broken images, nothing at all, and tables."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QPlainTextEdit
from pytestqt.qtbot import QtBot

from graftwork.gui.data.opening import Wish
from graftwork.gui.data.page import DataPage
from graftwork.gui.data.reader_dialog import ReaderDialog
from graftwork.gui.destinations import DATA
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.parts.banner import Banner
from support.images import make_folder

from .conftest import LONG, answer_dialog

OpenFolder = Callable[[Path], None]


@pytest.fixture
def page(pages: Pages) -> DataPage:
    found = pages.widgets[DATA]
    assert isinstance(found, DataPage)
    return found


def test_it_begins_with_what_a_good_folder_looks_like(page: DataPage) -> None:
    assert page.welcome.isVisible()
    assert not page.browser.isVisible()


def test_classes_are_counted_and_filter_the_images(
    page: DataPage, images: Path, open_folder: OpenFolder
) -> None:
    open_folder(images)
    classes = page.browser.classes.model()
    names = [classes.index(row, 0).data() for row in range(classes.rowCount())]
    assert names == ["All classes", "blue", "green", "red"]
    assert page.browser.images.count == 36
    page.browser.classes.setCurrentIndex(classes.index(2, 0))
    assert page.browser.images.count == 12
    assert page.browser.summary.text() == "12 images"


def test_classes_that_go_are_not_shown_one_after_the_other(
    page: DataPage, tmp_path: Path, images: Path, open_folder: OpenFolder
) -> None:
    open_folder(images)
    page.browser.classes.setCurrentIndex(page.browser.classes.model().index(2, 0))
    chosen: list[str | None] = []
    page.browser.classes.chosen.connect(chosen.append)
    open_folder(make_folder(tmp_path / "others", per_class=3, classes=("red", "blue")))
    assert chosen == []
    assert page.browser.images.count == 6
    assert page.browser.classes.currentIndex().row() == 0


def test_pictures_are_read_when_they_are_looked_at(
    qtbot: QtBot, page: DataPage, pages: Pages, images: Path, open_folder: OpenFolder
) -> None:
    open_folder(images)
    first, reader = images / "blue" / "000.png", page.browser._reader
    qtbot.waitUntil(lambda: pages.loader.picture(reader, first) is not None, timeout=LONG)
    picture = pages.loader.picture(reader, first)
    assert picture is not None
    assert (picture.width(), picture.height()) == (224, 179)


def test_broken_images_are_problems_with_a_reason(
    qtbot: QtBot, page: DataPage, pages: Pages, images: Path, open_folder: OpenFolder
) -> None:
    (images / "red" / "000.png").write_bytes(b"")
    whole = (images / "red" / "001.png").read_bytes()
    (images / "red" / "001.png").write_bytes(whole[: len(whole) // 2])
    (images / "red" / "notes.jpg").write_text("no image", "utf-8")
    open_folder(images)
    assert page.browser.images.count == 34
    problems = {problem.path.name: problem.reason for problem in page.browser.problems.records}
    assert set(problems) == {"000.png", "001.png", "notes.jpg"}
    assert "empty" in problems["000.png"]
    assert all(problems.values())
    page.browser.views.choose(1)
    page.browser._copy.click()
    copied = QGuiApplication.clipboard().text()
    assert str(images / "red" / "000.png") in copied
    assert problems["000.png"] in copied


def test_an_empty_folder_says_what_to_do(
    qtbot: QtBot, window: MainWindow, page: DataPage, pages: Pages, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with qtbot.waitSignal(pages.data.failed, timeout=LONG):
        window.open_path(empty)
    assert page.failure.isVisible()
    assert str(empty) in page.failure.text or "empty" in page.failure.text
    assert page.welcome.isVisible()


def test_after_a_failure_the_data_before_stays(
    qtbot: QtBot,
    window: MainWindow,
    page: DataPage,
    pages: Pages,
    images: Path,
    tmp_path: Path,
    open_folder: OpenFolder,
) -> None:
    open_folder(images)
    with qtbot.waitSignal(pages.data.failed, timeout=LONG):
        window.open_path(tmp_path / "gone")
    assert page.failure.isVisible()
    assert page.browser.isVisible()
    open_folder(images)
    assert not page.failure.isVisible()


def test_few_images_are_warned_of(page: DataPage, tmp_path: Path, open_folder: OpenFolder) -> None:
    open_folder(make_folder(tmp_path / "few", per_class=2))
    assert page.browser._warnings.count() > 0


def test_copies_are_warned_of_before_anything_is_trained(
    qtbot: QtBot, page: DataPage, images: Path, open_folder: OpenFolder
) -> None:
    shutil.copy(images / "blue" / "000.png", images / "red" / "copy.png")
    open_folder(images)
    for text in ("1 image is an exact copy of another", "The same image has two labels"):
        qtbot.waitUntil(lambda text=text: any(text in warning for warning in warnings_on(page)))


def test_a_table_is_opened_as_the_user_says(
    qtbot: QtBot, window: MainWindow, page: DataPage, pages: Pages, images: Path
) -> None:
    table = table_of(images, "file,kind")

    def fill_in(dialog: QDialog) -> None:
        assert isinstance(dialog, ReaderDialog)
        reader = pages.data.registry.readers["table"]
        known = set(reader.options.model_fields)
        wanted = {"path_column": "file", "label_column": "kind"}
        assert set(wanted) <= known, known
        dialog.forms[0].set_values(wanted)
        dialog.accept()

    answer_dialog(fill_in)
    with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
        window.open_path(table)
    assert page.browser.images.count == 36
    assert pages.data.current is not None
    assert pages.data.current.reader.name == "table"


def test_what_a_reader_notes_is_shown_and_is_no_file_left_out(
    qtbot: QtBot, window: MainWindow, page: DataPage, pages: Pages, images: Path
) -> None:
    answer_dialog(lambda dialog: dialog.accept())
    with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
        window.open_path(table_of(images, "path,label,part", ",north"))
    (warning,) = warnings_on(page)
    assert "left out" not in warning
    assert "Column 'part' holds 'north'" in warning
    assert page.browser.problems.records == ()


def warnings_on(page: DataPage) -> list[str]:
    return [banner.text for banner in page.browser.findChildren(Banner) if banner.isVisible()]


def table_of(images: Path, header: str, more: str = "") -> Path:
    table = images / "labels.csv"
    rows = [
        f"{path.relative_to(images)},{path.parent.name}{more}" for path in images.rglob("*.png")
    ]
    table.write_text("\n".join([header, *rows]), "utf-8")
    return table


def test_of_a_folder_that_several_readers_know_it_is_asked_which(
    qtbot: QtBot,
    window: MainWindow,
    pages: Pages,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readers = dict(pages.data.registry.readers)
    readers["scans"] = replace(readers["class-folders"], name="scans", title="Scans")
    registry = replace(pages.data.registry, readers=readers)
    monkeypatch.setattr(pages.data, "registry", registry)
    answer_dialog(lambda dialog: dialog.accept())
    with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
        window.open_path(images)
    assert pages.data.current is not None
    assert pages.data.current.reader.name == "scans"


def test_a_table_dialog_that_is_closed_opens_nothing(
    window: MainWindow, pages: Pages, tmp_path: Path
) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file,kind\na.png,x\n", "utf-8")
    answer_dialog(lambda dialog: dialog.reject())
    window.open_path(table)
    assert pages.data.current is None
    assert window.tasks.running == 0


def test_a_file_that_is_no_table_is_refused_in_words(
    window: MainWindow, page: DataPage, tmp_path: Path
) -> None:
    file = tmp_path / "movie.mp4"
    file.write_bytes(b"\x00")
    window.open_path(file)
    QApplication.processEvents()
    assert page.failure.isVisible()
    assert "movie.mp4" in page.failure.text


def test_of_a_spreadsheet_it_is_said_what_to_save(
    window: MainWindow, page: DataPage, tmp_path: Path
) -> None:
    (tmp_path / "labels.xlsx").write_bytes(b"PK")
    window.open_path(tmp_path / "labels.xlsx")
    QApplication.processEvents()
    assert "save its sheet as CSV" in page.failure.text


def test_a_table_that_could_not_be_read_is_asked_about_again(
    qtbot: QtBot, window: MainWindow, page: DataPage, pages: Pages, images: Path
) -> None:
    said = {"path_column": "kind", "label_column": "file", "group_column": ""}

    def fill_in(dialog: QDialog) -> None:
        assert isinstance(dialog, ReaderDialog)
        dialog.forms[0].set_values(said)
        dialog.accept()

    def mend(dialog: QDialog) -> None:
        assert isinstance(dialog, ReaderDialog)
        assert dialog.forms[0].values()["path_column"] == "kind"
        dialog.forms[0].set_values({"path_column": "file", "label_column": "kind"})
        dialog.accept()

    answer_dialog(fill_in)
    with qtbot.waitSignal(pages.data.failed, timeout=LONG):
        window.open_path(table_of(images, "file,kind"))
    answer_dialog(mend)
    with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
        page.again.click()
    assert page.browser.images.count == 36
    assert not page.failure.isVisible()


def test_what_belongs_together_is_said_of_an_open_folder(
    qtbot: QtBot, page: DataPage, pages: Pages, images: Path, open_folder: OpenFolder
) -> None:
    assert not page.again.isVisible()
    open_folder(images)

    def fill_in(dialog: QDialog) -> None:
        assert isinstance(dialog, ReaderDialog)
        dialog.forms[0].set_values({"group_pattern": "^0"})
        dialog.accept()

    answer_dialog(fill_in)
    with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
        page.again.click()
    assert pages.data.current is not None
    assert {item.group for item in pages.data.current.catalog.items} == {"0"}
    assert pages.data.current.wish.options["group_pattern"] == "^0"


def test_a_file_that_cannot_be_opened_takes_nothing_from_what_is_open(
    window: MainWindow, page: DataPage, images: Path, open_folder: OpenFolder, tmp_path: Path
) -> None:
    open_folder(images)
    (tmp_path / "labels.xlsx").write_bytes(b"PK")
    window.open_path(tmp_path / "labels.xlsx")
    QApplication.processEvents()
    assert page.failure.isVisible()
    assert page.again.isVisible()


def test_a_folder_that_is_gone_is_not_asked_about(
    qtbot: QtBot, page: DataPage, pages: Pages, images: Path, open_folder: OpenFolder
) -> None:
    open_folder(images)
    images.rename(images.with_name("elsewhere"))
    with qtbot.waitSignal(pages.data.failed, timeout=LONG):
        page.again.click()
    assert page.failure.isVisible()


def test_the_beginning_of_a_table_from_excel_can_be_read(
    window: MainWindow, pages: Pages, tmp_path: Path
) -> None:
    table = tmp_path / "labels.txt"
    table.write_text("path\tlabel\nä.png\tcat\n", "utf-16")
    dialog = ReaderDialog(Wish(path=table), [pages.data.registry.readers["table"]], window)
    beginning = dialog.findChild(QPlainTextEdit)
    assert beginning is not None
    assert beginning.toPlainText() == "path\tlabel\nä.png\tcat\n"


def test_reading_that_ended_unheard_can_still_be_cancelled(
    qtbot: QtBot, window: MainWindow, page: DataPage, pages: Pages, images: Path
) -> None:
    """The thread is done, but its answer waits in the queue while the person cancels."""
    window.open_path(images)
    thread = pages.data._thread
    assert thread is not None
    thread.wait()
    with qtbot.waitSignal(window.tasks.all_done, timeout=LONG):
        pages.data.cancel()
    assert pages.data.current is None
    assert page.welcome.isVisible()


def test_reading_can_be_cancelled(
    qtbot: QtBot, window: MainWindow, page: DataPage, pages: Pages, images: Path
) -> None:
    window.open_path(images)
    assert page.busy.isVisible()
    with qtbot.waitSignal(window.tasks.all_done, timeout=LONG):
        pages.data.cancel()
        assert page.welcome.isVisible(), "without waiting for the reader"
    assert pages.data.current is None
    assert page.welcome.isVisible()
