"""The ways in which the user opens a data set: asking for one, or dropping one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from graftwork.data.catalog import readers_for, spreadsheet_advice
from graftwork.gui.worker import Failure
from graftwork.plugin_api import DatasetReader
from graftwork.settings import Settings

from .opening import Wish
from .reader_dialog import ReaderDialog
from .state import DataState

_TABLES = "Tables (*.csv *.tsv *.txt);;All files (*)"


class OpenActions:
    """Asks for a path, then for what the reader has to be told, and has it opened.

    ``go_on`` leads to the next page.
    """

    def __init__(
        self, window: QWidget, state: DataState, settings: Settings, go_on: Callable[[], object]
    ) -> None:
        self.go_on = go_on
        self._window = window
        self._state = state
        self._settings = settings
        self._last: Wish | None = None

    def ask_for_folder(self) -> None:
        """Ask for a folder and open it."""
        path = QFileDialog.getExistingDirectory(
            self._window, "Open a folder of images", self._start()
        )
        if path:
            self.open_path(Path(path))

    def ask_for_table(self) -> None:
        """Ask for a table and open it."""
        path, _filter = QFileDialog.getOpenFileName(
            self._window, "Open a table of images", self._start(), _TABLES
        )
        if path:
            self.open_path(Path(path))

    def open_path(self, path: Path) -> None:
        """Ask how a file is to be read, and a folder that several readers recognise; open it."""
        self._settings.last_folder = path.parent
        readers = list(readers_for(path, self._state.registry.readers))
        if path.is_file() and not readers:
            self._state.failed.emit(_unknown(path))
        elif path.is_file() or len(readers) > 1:
            self._ask_and_open(self._wish_for(path), readers)
        else:
            self.open(Wish(path=path))

    @property
    def can_ask_again(self) -> bool:
        """Whether something was opened, or could not be, that may be read in another way."""
        return self._last is not None

    def ask_again(self) -> None:
        """Ask how what was opened last is to be read, beginning with what was said then."""
        if self._last is None:
            return
        readers = list(readers_for(self._last.path, self._state.registry.readers))
        if readers:
            self._ask_and_open(self._last, readers)
        else:  # it is gone, or not what it was
            self.open_path(self._last.path)

    def _wish_for(self, path: Path) -> Wish:
        if self._last is not None and self._last.path == path:
            return self._last
        return Wish(path=path)

    def _ask_and_open(self, wish: Wish, readers: list[DatasetReader]) -> None:
        dialog = ReaderDialog(wish, readers, self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.open(dialog.wish())
        dialog.deleteLater()

    def open(self, wish: Wish) -> None:
        """Open a data set of which all is known."""
        self._last = wish
        self._state.open(wish)

    def _start(self) -> str:
        folder = self._settings.last_folder
        return str(folder) if folder is not None and folder.is_dir() else str(Path.home())


def _unknown(path: Path) -> Failure:
    message = (
        f"{path.name} is no table of images that Graftwork can read.{spreadsheet_advice(path)} "
        "Open a folder of class folders, or a CSV or TSV table with a column of paths and a column "
        "of classes."
    )
    return Failure(message=message, details=str(path))
