"""The pictures of a list of image files, with a caption each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Slot

from .loader import PictureLoader
from .reader import PLAIN_READER, PictureReader

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An image file and what stands under it; ``alert`` asks for the second line in red."""

    path: Path
    caption: str
    detail: str = ""
    alert: bool = False


class PictureModel(QAbstractListModel):
    """Pictures that are fetched when they are first looked at."""

    def __init__(self, loader: PictureLoader) -> None:
        super().__init__()
        self._loader = loader
        self._reader = PLAIN_READER
        self._pictures: list[Picture] = []
        self._rows: dict[Path, int] = {}
        loader.loaded.connect(self._note_loaded)

    def show_pictures(
        self, pictures: Sequence[Picture], reader: PictureReader = PLAIN_READER
    ) -> None:
        """Show these from now on, as this reader reads them."""
        self.beginResetModel()
        self._reader = reader
        self._pictures = list(pictures)
        self._rows = {picture.path: row for row, picture in enumerate(pictures)}
        self.endResetModel()

    def add_picture(self, picture: Picture) -> None:
        """Show one more, below the others."""
        row = len(self._pictures)
        self.beginInsertRows(QModelIndex(), row, row)
        self._pictures.append(picture)
        self._rows[picture.path] = row
        self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's
        """How many pictures there are."""
        return 0 if parent.isValid() else len(self._pictures)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The caption, the picture (None while it is read), and all of it for screen readers."""
        picture = self._pictures[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return picture.caption
            case Qt.ItemDataRole.DecorationRole:
                return self._loader.picture(self._reader, picture.path)
            case Qt.ItemDataRole.ToolTipRole:
                return str(picture.path)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{picture.path.name}, {picture.caption} {picture.detail}"
            case Qt.ItemDataRole.UserRole:
                return picture
        return None

    def picture_at(self, row: int) -> Picture:
        """The picture in this row."""
        return self._pictures[row]

    @Slot(object, Path)
    def _note_loaded(self, reader: PictureReader, path: Path) -> None:
        row = self._rows.get(path)
        if row is not None and reader == self._reader:
            place = self.index(row)
            self.dataChanged.emit(place, place, [Qt.ItemDataRole.DecorationRole])
