"""Tries the exported file: drop or choose images, see what it says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QStackedWidget

from graftwork.gui.parts.boxes import Card, column, holder, row
from graftwork.gui.parts.buttons import button
from graftwork.gui.parts.drop_area import DropArea
from graftwork.gui.parts.text import ElidedLabel, counted, label
from graftwork.gui.pictures.grid import PictureGrid
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.pictures.model import Picture

if TYPE_CHECKING:
    from graftwork.export.predict import FilePrediction, FileProblem

_HINT = "Images that the network has never seen, or a folder of them. The file itself answers."
_IMAGES = "Images (*.jpg *.jpeg *.png *.bmp *.gif *.webp *.tif *.tiff);;All files (*)"
_NO_MODEL = "Export a model first, or choose one."


class TryCard(Card):
    """``on_paths`` is told what to try, ``on_model`` with which model."""

    def __init__(
        self,
        on_paths: Callable[[Sequence[Path]], object],
        on_model: Callable[[Path], object],
        loader: PictureLoader,
    ) -> None:
        super().__init__("Try it")
        self._on_paths = on_paths
        self._on_model = on_model
        self.setAcceptDrops(True)
        self.choose_images = button("Choose images…", self._ask_for_images, picture="image")
        self.choose_folder = button("Choose a folder…", self._ask_for_folder, picture="folder")
        buttons = [self.choose_images, self.choose_folder]
        self.area = DropArea("image", "Drop images here", _HINT, buttons, narrow=True)
        self.grid = PictureGrid("What the model says", loader, lines=2)
        self.summary = label(role="muted")
        again = button("Clear", self.clear, kind="quiet", picture="reset")
        results = column(row(self.summary, None, again), self.grid)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.area)
        self._stack.addWidget(holder(results))
        self.model = ElidedLabel()
        self.choose_model = button("Choose a model…", self._ask_for_model, picture="folder")
        line = row(self.model, self.choose_model)
        line.setStretch(0, 1)
        self.body.addLayout(line)
        self.body.addWidget(self._stack)
        self.show_model(None)

    def show_model(self, file: Path | None) -> None:
        """Say which model answers; without one, no images can be tried."""
        self.clear()
        self.model.setText(str(file) if file else _NO_MODEL)
        self.area.setEnabled(file is not None)
        self.setAcceptDrops(file is not None)

    def clear(self) -> None:
        """Forget what was tried."""
        self.grid.show_pictures([])
        self._stack.setCurrentIndex(0)

    def try_paths(self, paths: Sequence[Path]) -> None:
        """Have these tried."""
        self.clear()
        self._stack.setCurrentIndex(1)
        self.summary.setText("Asking the model…")
        self._on_paths(paths)

    def add(self, result: FilePrediction | FileProblem) -> None:
        """Show what the model said of one image."""
        self.grid.add_picture(_picture(result))
        self.summary.setText(counted(self.grid.count, "image"))

    def finish(self) -> None:
        """Say that no more comes."""
        self.summary.setText(counted(self.grid.count, "image"))

    def _ask_for_model(self) -> None:
        path, _filter = QFileDialog.getOpenFileName(
            self, "Choose a model", self.model.text(), "ONNX models (*.onnx)"
        )
        if path:
            self._on_model(Path(path))

    def _ask_for_images(self) -> None:
        paths, _filter = QFileDialog.getOpenFileNames(self, "Choose images", "", _IMAGES)
        if paths:
            self.try_paths([Path(path) for path in paths])

    def _ask_for_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Choose a folder of images")
        if path:
            self.try_paths([Path(path)])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take files of this machine."""
        if _dropped(event):
            self.area.set_hot(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: object) -> None:  # noqa: N802, ARG002 - Qt's name
        """Cool down."""
        self.area.set_hot(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Try what was dropped."""
        self.area.set_hot(False)
        event.acceptProposedAction()
        self.try_paths(_dropped(event))


def _dropped(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]


def _picture(result: FilePrediction | FileProblem) -> Picture:
    from graftwork.export.predict import FileProblem

    if isinstance(result, FileProblem):
        return Picture(path=result.path, caption="unusable", detail=result.reason, alert=True)
    return Picture(path=result.path, caption=result.predicted, detail=f"{result.confidence:.1%}")
