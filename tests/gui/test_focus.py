"""Where the keyboard is: what Tab stops at, and what gets the focus when views change."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from graftwork.gui.destinations import DESTINATIONS
from graftwork.gui.navigation import Navigation
from graftwork.gui.parts.buttons import Segments


@pytest.fixture
def segments(qtbot: QtBot) -> Segments:
    segments = Segments("Figures", "Mistakes", "Training")
    show(qtbot, segments)
    return segments


def show(qtbot: QtBot, widget: QWidget) -> None:
    """On the screen, and with the keyboard."""
    qtbot.addWidget(widget)
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)


def tab_stops(widget: QWidget, kind: type[QAbstractButton]) -> list[QAbstractButton]:
    buttons = widget.findChildren(kind)
    return [each for each in buttons if each.focusPolicy() & Qt.FocusPolicy.TabFocus]


def test_tab_stops_at_the_view_that_the_program_chose(segments: Segments) -> None:
    for chosen in (0, 2):
        segments.choose(chosen)
        (stop,) = tab_stops(segments, QPushButton)
        assert stop.isChecked()
        assert stop.text() == ("Figures", "Mistakes", "Training")[chosen]


def test_the_focus_goes_along_with_the_choice_and_with_the_arrows(
    qtbot: QtBot, segments: Segments
) -> None:
    first, second, third = segments.findChildren(QPushButton)
    first.setFocus()
    segments.choose(2)
    assert third.hasFocus()
    qtbot.keyClick(third, Qt.Key.Key_Left)
    assert second.hasFocus()
    assert segments.current == 1
    assert tab_stops(segments, QPushButton) == [second]


def test_tab_stops_at_the_page_that_is_shown(qtbot: QtBot) -> None:
    navigation = Navigation(DESTINATIONS)
    show(qtbot, navigation)
    for number in (0, 3):
        navigation.show_place(number)
        (stop,) = tab_stops(navigation, QToolButton)
        assert stop.accessibleName() == DESTINATIONS[number].name
