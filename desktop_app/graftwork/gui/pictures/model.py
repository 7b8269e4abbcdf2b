"""The pictures of a list of image files, with a caption each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Slot

from .loader import PictureLoader

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
        self._pictures: Sequence[Picture] = ()
        self._rows: dict[Path, int] = {}
        loader.loaded.connect(self._note_loaded)

    def show_pictures(self, pictures: Sequence[Picture]) -> None:
        """Show these from now on."""
        self.beginResetModel()
        self._pictures = pictures
        self._rows = {picture.path: row for row, picture in enumerate(pictures)}
        self.endResetModel()

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
                return self._loader.picture(picture.path)
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

    @Slot(Path)
    def _note_loaded(self, path: Path) -> None:
        row = self._rows.get(path)
        if row is not None:
            place = self.index(row)
            self.dataChanged.emit(place, place, [Qt.ItemDataRole.DecorationRole])
