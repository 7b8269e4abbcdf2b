"""The frame of the window: pages, menus, themes, what is dropped on it, and a start that fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from graftwork.gui.colors import DARK, LIGHT, current_colors
from graftwork.gui.destinations import DATA, DESTINATIONS, TRAIN
from graftwork.gui.icons import pixmap
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.parts.banner import Banner
from graftwork.gui.parts.picture import Picture
from graftwork.gui.theme import Theme
from graftwork.plugin_api import DatasetError
from graftwork.runs.workshop import Workshop
from graftwork.settings import Settings

from .conftest import LONG


def action(window: MainWindow, text: str) -> QAction:
    return next(a for a in window.findChildren(QAction) if a.text().replace("&", "") == text)


def drop(window: MainWindow, *urls: QUrl) -> None:
    mime = QMimeData()
    mime.setUrls(list(urls))
    event = QDropEvent(
        QPointF(400, 300),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


@pytest.mark.parametrize("number", range(len(DESTINATIONS)))
def test_each_page_is_reached_by_its_key(
    qtbot: QtBot, window: MainWindow, pages: Pages, number: int
) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    key = Qt.Key(Qt.Key.Key_1.value + number)
    qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(pages.widgets[number].isVisible)


def test_every_button_has_a_name_for_screen_readers(window: MainWindow) -> None:
    nameless = [
        button
        for button in window.findChildren(QAbstractButton)
        if not (button.accessibleName() or button.text()) and button.objectName() == ""
        if type(button).__module__.startswith("graftwork")
    ]
    assert nameless == []


@pytest.mark.parametrize("number", range(len(DESTINATIONS)))
def test_nothing_is_cut_off_in_the_smallest_window(
    qtbot: QtBot, window: MainWindow, pages: Pages, number: int
) -> None:
    """Areas scroll up and down alone: what is too wide for one could not be reached."""
    window.resize(960, 640)
    window.go_to(number)
    qtbot.waitUntil(pages.widgets[number].isVisible)
    QApplication.sendPostedEvents()
    areas = [a for a in pages.widgets[number].findChildren(QScrollArea) if a.isVisible()]
    assert areas or number != TRAIN
    assert [a for a in areas if a.widget().width() > a.viewport().width()] == []


def test_the_window_can_be_made_as_small_as_the_screen(window: MainWindow) -> None:
    least, screen = window.minimumSize(), window.screen().availableSize()
    assert screen.width() < 960, "the test's own screen is a small one"
    assert (least.width(), least.height()) == (screen.width(), 640)


@pytest.mark.parametrize(("text", "colors"), [("Dark", DARK), ("Light", LIGHT)])
def test_a_theme_is_chosen_in_the_menu_and_remembered(
    window: MainWindow, text: str, colors: object
) -> None:
    action(window, text).trigger()
    assert current_colors() == colors
    assert window.settings.theme == text.lower()
    assert action(window, text).isChecked()


def test_the_systems_theme_is_followed_while_none_is_chosen(
    qapp: QApplication, window: MainWindow
) -> None:
    action(window, "As the system").trigger()
    dark = qapp.styleHints().colorScheme() == Qt.ColorScheme.Dark
    assert current_colors() == (DARK if dark else LIGHT)


def test_what_is_on_the_screen_changes_with_the_theme(
    qtbot: QtBot, window: MainWindow, pages: Pages
) -> None:
    def corner() -> str:
        page = pages.widgets[DATA]
        return page.grab().toImage().pixelColor(2, 2).name()

    for text, colors in (("Dark", DARK), ("Light", LIGHT), ("Dark", DARK)):
        action(window, text).trigger()
        QApplication.processEvents()
        assert corner() == colors.window


def test_a_folder_is_dropped_on_any_page(
    qtbot: QtBot, window: MainWindow, pages: Pages, images: Path
) -> None:
    window.go_to(TRAIN)
    with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
        drop(window, QUrl.fromLocalFile(str(images)))
    assert pages.widgets[DATA].isVisible()
    assert pages.data.current is not None
    assert pages.data.current.wish.path == images


def test_folders_dropped_together_open_the_one_that_they_lie_in(
    qtbot: QtBot, window: MainWindow, pages: Pages, images: Path
) -> None:
    classes = sorted(path for path in images.iterdir() if path.is_dir())[:2]
    with qtbot.waitSignal(pages.data.check_ended, timeout=LONG):
        drop(window, *(QUrl.fromLocalFile(str(path)) for path in classes))
    assert pages.data.current is not None
    assert pages.data.current.wish.path == images


def test_an_address_that_is_no_file_is_not_taken(window: MainWindow, pages: Pages) -> None:
    drop(window, QUrl("https://example.org/images"))
    assert pages.data.current is None


def test_a_folder_that_comes_before_the_plugins_is_opened_after_them(
    qtbot: QtBot, qapp: QApplication, workshop: Workshop, images: Path
) -> None:
    theme = Theme(qapp, "light")
    window = MainWindow(lambda: workshop, Settings(), theme)
    qtbot.addWidget(window)
    window.show()
    window.open_path(images)
    assert window.pages is None
    qtbot.waitUntil(lambda: window.pages is not None)
    pages = window.pages
    assert pages is not None
    qtbot.waitUntil(lambda: pages.data.current is not None, timeout=LONG)
    theme.deleteLater()


class _Windows(QObject):
    """Notes what is shown as a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: set[QWidget] = set()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.add(watched)
        return False


def test_no_part_flashes_as_a_window_of_its_own_at_the_start(
    qtbot: QtBot, qapp: QApplication, workshop: Workshop, settings: Settings
) -> None:
    windows, theme = _Windows(), Theme(qapp, "light")
    qapp.installEventFilter(windows)
    window = MainWindow(lambda: workshop, settings, theme)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.pages is not None)
    qapp.removeEventFilter(windows)
    assert windows.shown == {window}
    theme.deleteLater()


def test_a_start_that_fails_is_told_in_the_window(qtbot: QtBot, qapp: QApplication) -> None:
    def fail() -> Workshop:
        raise DatasetError("The folder of runs cannot be made.")

    theme = Theme(qapp, "light")
    window = MainWindow(fail, Settings(), theme)
    qtbot.addWidget(window)
    window.show()
    starting = window._starting
    qtbot.waitUntil(starting.failure.isVisible)
    assert starting.failure.text == "The folder of runs cannot be made."
    theme.deleteLater()


def test_pages_that_cannot_be_built_are_told_in_the_window(
    qtbot: QtBot, qapp: QApplication
) -> None:
    theme = Theme(qapp, "light")
    window = MainWindow(object, Settings(), theme)  # type: ignore[arg-type]
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(window._starting.failure.isVisible)
    assert "AttributeError" in window._starting.failure.text
    theme.deleteLater()


def test_the_place_of_the_window_is_kept(
    qtbot: QtBot, qapp: QApplication, window: MainWindow, workshop: Workshop
) -> None:
    window.resize(800, 700)
    window.close()
    again = MainWindow(lambda: workshop, window.settings, window.theme)
    qtbot.addWidget(again)
    again.show()
    assert (again.width(), again.height()) == (800, 700)
    qtbot.waitUntil(lambda: again.pages is not None)


@pytest.mark.parametrize("size", [(1280, 800), (960, 640)])
def test_no_page_is_wider_or_higher_than_the_window(
    qtbot: QtBot, window: MainWindow, pages: Pages, size: tuple[int, int]
) -> None:
    window.resize(*size)
    for number, page in enumerate(pages.widgets):
        window.go_to(number)
        QApplication.processEvents()
        assert (window.width(), window.height()) == size, DESTINATIONS[number].name
        assert page.minimumSizeHint().width() <= page.width(), DESTINATIONS[number].name


def test_fields_stay_near_their_names_in_a_wide_window(window: MainWindow, pages: Pages) -> None:
    window.resize(3840, 2160)
    window.go_to(TRAIN)
    QApplication.processEvents()
    train = pages.widgets[TRAIN]
    assert train.setup.numbers.width() < 720  # type: ignore[attr-defined]


def test_the_tab_key_leads_through_the_page(
    qtbot: QtBot, window: MainWindow, pages: Pages, images: Path, open_folder: Callable[..., None]
) -> None:
    open_folder(images)
    window.go_to(TRAIN)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    seen: set[QWidget] = set()
    for _ in range(60):
        qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        assert focused is not None
        seen.add(focused)
    train = pages.widgets[TRAIN]
    assert {train.setup.backbones, train.setup.strategies, train.start} <= seen  # type: ignore[attr-defined]


def test_pictures_take_the_colour_of_another_theme(qtbot: QtBot, qapp: QApplication) -> None:
    theme = Theme(qapp, "light")
    banner = Banner("It cannot be read.", "error")
    qtbot.addWidget(banner)
    banner.show()
    picture = banner.findChild(Picture)
    in_light = picture.pixmap().toImage()
    theme.choose("dark")
    qtbot.waitUntil(lambda: picture.pixmap().toImage() != in_light)
    assert picture.pixmap().toImage() == pixmap("error", current_colors().danger, 18).toImage()
    theme.choose("light")
    theme.deleteLater()
