"""The window: navigation on the left, a page on the right, a line of status below."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QWidget

from graftwork import settings as program_settings

if TYPE_CHECKING:
    from graftwork.runs.workshop import Workshop

    from .pages import Pages

from .actions import fill_menus
from .closing import ask_to_close
from .destinations import DATA, DESTINATIONS
from .menus import menu_records
from .navigation import Navigation
from .parts.boxes import row
from .parts.focus import settle_focus
from .parts.text import counted, label
from .starting_page import StartingPage
from .tasks import Tasks
from .theme import Theme
from .worker import Failure, once

_SMALLEST = QSize(960, 640)
"""Pages have room for all they show; a screen may be smaller, above all where text is enlarged."""

_ONCE_AFTERWARDS = Qt.ConnectionType(
    Qt.ConnectionType.QueuedConnection.value | Qt.ConnectionType.SingleShotConnection.value
)


class MainWindow(QMainWindow):
    """Shows itself at once; the workshop is made in the background after the first paint."""

    def __init__(
        self,
        make_workshop: Callable[[], Workshop],
        settings: program_settings.Settings,
        theme: Theme,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.theme = theme
        self.tasks = Tasks(self)
        self.pages: Pages | None = None
        self._make_workshop = make_workshop
        self._wish: Path | None = None
        self._navigation = Navigation(DESTINATIONS)
        self._stack = QStackedWidget()
        self._starting = StartingPage()
        self._status = label("Starting…")
        self._lay_out()
        self._restore_place()

    def _lay_out(self) -> None:
        self.setWindowTitle("Graftwork")
        self.setAcceptDrops(True)
        self.setMinimumSize(_SMALLEST.boundedTo(self.screen().availableSize()))
        centre = QWidget()
        layout = row(self._navigation, self._stack, gap=0)
        layout.setStretch(1, 1)
        centre.setLayout(layout)
        self.setCentralWidget(centre)
        self.statusBar().addWidget(self._status)
        self.statusBar().setSizeGripEnabled(False)
        self._stack.addWidget(self._starting)
        self._starting.painted.connect(self._begin, _ONCE_AFTERWARDS)
        self._navigation.wanted.connect(self.go_to)
        self._navigation.show_place(DATA)
        fill_menus(self.menuBar(), menu_records(self), self)

    def _restore_place(self) -> None:
        saved = self.settings.window_geometry
        if saved is None or not self.restoreGeometry(QByteArray.fromBase64(saved.encode())):
            self.resize(1280, 800)  # also if what was saved is damaged

    @Slot()
    def _begin(self) -> None:
        self.tasks.start(
            lambda: once(self._prepare),
            returned=self._furnish,
            failed=self._show_start_failure,
        )

    def _prepare(self) -> Workshop:
        """Load what the pages are made of as well, so that the window is free meanwhile."""
        from . import pages  # noqa: F401 - only loaded here

        return self._make_workshop()

    def _furnish(self, workshop: Workshop) -> None:
        from .pages import build_pages

        try:
            self.pages = build_pages(self, workshop, self.tasks, self.settings, self.go_to)
        except Exception as error:
            self._show_start_failure(Failure.of(error))
            return
        self._stack.removeWidget(self._starting)
        self._starting.deleteLater()
        for page in self.pages.widgets:
            self._stack.addWidget(page)
        self.go_to(max(0, self._navigation.current))
        self._status.setText(_ready(workshop))
        self.pages.train.changed.connect(self._show_training)
        self.tasks.start(lambda: once(_load_charts))
        if self._wish is not None:
            self.open_path(self._wish)

    @Slot()
    def _show_training(self) -> None:
        """On whatever page the user is."""
        if self.pages is None:
            return
        from .train.summary import standing_of

        train = self.pages.train
        self._status.setText(standing_of(train.subject, train.standing))
        self.setWindowTitle("Training – Graftwork" if train.is_busy else "Graftwork")

    def _show_start_failure(self, failure: Failure) -> None:
        self._starting.failure.show_failure(failure)
        self._status.setText("Graftwork could not start")

    @Slot(int)
    def go_to(self, number: int) -> None:
        """Show this page, as soon as there is one."""
        self._navigation.show_place(number)
        if self.pages is not None:
            self._stack.setCurrentWidget(self.pages.widgets[number])
            settle_focus(self.pages.widgets[number])

    def open_path(self, path: Path) -> None:
        """Open a folder or table, as soon as there is a workshop."""
        if self.pages is None:
            self._wish = path
            return
        self.go_to(DATA)
        self.pages.opening.open_path(path)

    def ask_for_folder(self) -> None:
        """Ask for a folder and open it."""
        if self.pages is not None:
            self.go_to(DATA)
            self.pages.opening.ask_for_folder()

    def ask_for_table(self) -> None:
        """Ask for a table and open it."""
        if self.pages is not None:
            self.go_to(DATA)
            self.pages.opening.ask_for_table()

    def choose_theme(self, theme: program_settings.Theme) -> None:
        """Wear this theme from now on."""
        self.settings.theme = theme
        self.theme.choose(theme)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take files and folders of this machine."""
        if _dropped_path(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Open what was dropped, after the drop itself is over."""
        path = _dropped_path(event)
        if path is not None:
            event.acceptProposedAction()
            QTimer.singleShot(0, lambda: self.open_path(path))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Ask if a run is at work; end what runs, then close."""
        if self.pages is not None and self.pages.train.is_busy and not ask_to_close(self):
            event.ignore()
            return
        self._end_everything()
        event.accept()

    def _end_everything(self) -> None:
        geometry = self.saveGeometry().toBase64().data()
        self.settings.window_geometry = bytes(geometry).decode("ascii")
        self.hide()  # what is at work may take seconds to end, and nobody shall look at that
        self.tasks.close()
        if self.pages is not None:
            self.pages.loader.close()


def _load_charts() -> None:
    """Load the plotting library before the first look at a chart has to wait for it."""
    from .train import chart  # noqa: F401 - only loaded here


def _dropped_path(event: QDropEvent) -> Path | None:
    """What is to be opened: of several folders side by side, the one that they lie in."""
    urls = event.mimeData().urls()
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    if len(paths) > 1 and len({path.parent for path in paths}) == 1 and paths[0].is_dir():
        return paths[0].parent
    return paths[0] if paths else None


def _ready(workshop: Workshop) -> str:
    registry = workshop.registry
    parts = [
        counted(len(registry.backbones), "network"),
        counted(len(registry.strategies), "strategy", "strategies"),
        counted(len(registry.readers), "dataset reader"),
    ]
    if registry.failures:
        parts.append(f"{counted(len(registry.failures), 'plugin failure')}: see Plugins")
    return "Ready  ·  " + "  ·  ".join(parts)
