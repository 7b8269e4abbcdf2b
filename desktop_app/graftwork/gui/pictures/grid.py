"""A grid of pictures that stays quick with a hundred thousand of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFocusEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from graftwork.gui.parts.focus import choose_at_focus

from .delegate import PictureDelegate
from .loader import PictureLoader
from .model import Picture, PictureModel
from .reader import PLAIN_READER, PictureReader


class PictureGrid(QListView):
    """Shows pictures; a double click or Enter opens the file in the system's viewer."""

    def __init__(self, name: str, loader: PictureLoader, *, lines: int = 1) -> None:
        super().__init__()
        self._pictures = PictureModel(loader)
        self._delegate = PictureDelegate(lines)
        self._delegate.setParent(self)
        self.setAccessibleName(name)
        self.setModel(self._pictures)
        self.setItemDelegate(self._delegate)
        self._fit_text()
        self._make_quick()
        self.activated.connect(self._open)

    def _make_quick(self) -> None:
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(500)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setSpacing(0)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow another font or style."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._fit_text()

    def _fit_text(self) -> None:
        self.setGridSize(self._delegate.cell(self.font()))

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Choose a picture, from which arrow keys go on."""
        super().focusInEvent(event)
        choose_at_focus(self, event)

    def show_pictures(
        self, pictures: Sequence[Picture], reader: PictureReader = PLAIN_READER
    ) -> None:
        """Show these from now on, as this reader reads them, from the top."""
        self._pictures.show_pictures(pictures, reader)
        self.scrollToTop()

    def add_picture(self, picture: Picture) -> None:
        """Show one more, below the others."""
        self._pictures.add_picture(picture)

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return self._pictures.rowCount()

    def _open(self, index: QModelIndex) -> None:
        path = self._pictures.picture_at(index.row()).path
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
