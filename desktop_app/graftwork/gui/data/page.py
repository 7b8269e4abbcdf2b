"""The Data page: nothing yet, being read, or open."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QWidget

from graftwork.gui.parts.boxes import GRID, column, row
from graftwork.gui.parts.busy import Busy
from graftwork.gui.parts.buttons import button
from graftwork.gui.parts.focus import settle_focus
from graftwork.gui.parts.page import Page
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.worker import Failure

from .browser import DataBrowser
from .open_actions import OpenActions
from .opening import Opened, Wish
from .state import DataState
from .welcome import NOTHING_OPEN, welcome


class DataPage(Page):
    """Where a data set is opened and looked at."""

    def __init__(self, state: DataState, opening: OpenActions, loader: PictureLoader) -> None:
        self._next = button("Train a network", opening.go_on, kind="primary", picture="train")
        self._folder = button("Other folder…", opening.ask_for_folder, picture="folder")
        self._table = button("Other table…", opening.ask_for_table, picture="table")
        self.again = button("Options…", opening.ask_again, picture="settings")
        self.again.setToolTip("How the images are read: what belongs together, which columns count")
        buttons = (self.again, self._folder, self._table, self._next)
        super().__init__("Data", NOTHING_OPEN, *buttons)
        self._state = state
        self._opening = opening
        self.welcome = welcome(opening)
        self.busy = Busy(state.cancel)
        self.browser = DataBrowser(loader, state.cancel)
        self._stack = QStackedWidget()
        for each in (self.welcome, _centred(self.busy), self.browser):
            self._stack.addWidget(each)
        self.body.addWidget(self._stack)
        self._show(0)
        self._listen(state)

    def _listen(self, state: DataState) -> None:
        state.reading.connect(self._show_reading)
        state.progressed.connect(self.busy.show_progress)
        state.opened.connect(self._show_opened)
        state.failed.connect(self._show_failure)
        state.cancelled.connect(self._show_what_there_was)
        state.checking.connect(self.browser.checking.show_progress)
        state.checked.connect(self._show_checked)
        state.check_ended.connect(self.browser.checking.hide)

    def _show(self, view: int) -> None:
        self._stack.setCurrentIndex(view)
        for each in (self._next, self._folder, self._table):
            each.setVisible(view == 2)
        self.again.setVisible(view != 1 and self._opening.can_ask_again)
        settle_focus(self)

    def _show_reading(self, wish: Wish) -> None:
        self.failure.hide()
        self.subtitle.setText(str(wish.path))
        self.busy.begin("Looking for images")
        self._show(1)

    def _show_opened(self, opened: Opened) -> None:
        self.subtitle.setText(opened.summary())
        self.browser.show_data(opened)
        self._show(2)

    def _show_checked(self, opened: Opened) -> None:
        self.subtitle.setText(opened.summary())
        self.browser.show_checked(opened)

    def _show_failure(self, failure: Failure) -> None:
        self._show_what_there_was()
        self.failure.show_failure(failure)

    def _show_what_there_was(self) -> None:
        if self._state.current is not None:
            self._show_opened(self._state.current)
            return
        self.subtitle.setText(NOTHING_OPEN)
        self._show(0)


def _centred(widget: QWidget) -> QWidget:
    widget.setMinimumWidth(420)
    middle = QWidget()
    middle.setLayout(column(None, row(None, widget, None), None, gap=GRID))
    return middle
