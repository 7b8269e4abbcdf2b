"""What was taken for what, and beside it the images of that, worst mistakes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from graftwork.evaluation.confusions import confusions
from graftwork.gui.parts.boxes import GRID, Card, column, row
from graftwork.gui.parts.buttons import Segments, button
from graftwork.gui.parts.text import counted, label
from graftwork.gui.pictures.grid import PictureGrid
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.pictures.model import Picture
from graftwork.gui.pictures.reader import PLAIN_READER, PictureReader

from .confusion import ConfusionTable
from .confusion_list import ConfusionList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graftwork.evaluation.report import Evaluation, Prediction

_MATRIX, _LIST = range(2)
_HINTS = (
    "Rows: what it is. Columns: what it was taken for. Click a cell.",
    "The most frequent mistakes first. Click one.",
)
_MOST_IN_MATRIX = 40
"""Classes. Of more, a matrix that can be read is larger than the screen."""


class MistakesView(QWidget):
    """All wrong images at first; those of one pair of classes once it is chosen."""

    def __init__(self, loader: PictureLoader) -> None:
        super().__init__()
        self.confusion = ConfusionTable()
        self.pairs = ConfusionList()
        self.ways = Segments("Matrix", "List")
        self._tables = QStackedWidget()
        self._hint = label(role="small", wrap=True)
        self.images = PictureGrid("Images", loader, lines=2)
        self.what = label(role="heading", wrap=True)
        self._all = button("Show all mistakes", self.show_all, kind="quiet")
        self._evaluation: Evaluation | None = None
        self._reader = PLAIN_READER
        self._lay_out()
        self.ways.chosen.connect(self._show_way)
        self.confusion.picked.connect(self._show_pair)
        self.confusion.picked.connect(self.pairs.clearSelection)
        self.pairs.picked.connect(self._show_pair)
        self.pairs.picked.connect(self.confusion.clearSelection)

    def _lay_out(self) -> None:
        self._tables.addWidget(self.confusion)
        self._tables.addWidget(self.pairs)
        heading = row(label("What was taken for what", "heading", wrap=True), self.ways)
        heading.setStretch(0, 1)
        left = Card("", heading, self._hint, self._tables, margin=12)
        head = row(self.what, self._all)
        head.setStretch(0, 1)
        right = Card("", head, self.images, margin=12)
        splitter = QSplitter()
        splitter.setHandleWidth(2 * GRID)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setSizes([560, 480])
        self.setLayout(column(splitter))

    def show_evaluation(self, evaluation: Evaluation, reader: PictureReader = PLAIN_READER) -> None:
        """Show all mistakes of this evaluation, on images read by this reader."""
        self._evaluation = evaluation
        self._reader = reader
        self.confusion.show_evaluation(evaluation)
        self.pairs.show_records(confusions(evaluation))
        self.ways.choose(_MATRIX if len(evaluation.classes) <= _MOST_IN_MATRIX else _LIST)
        self.show_all()

    def _show_way(self, way: int) -> None:
        self._tables.setCurrentIndex(way)
        self._hint.setText(_HINTS[way])

    def show_all(self) -> None:
        """Show all images that were named wrongly."""
        if self._evaluation is None:
            return
        wrong = [p for p in self._evaluation.predictions if p.label != p.predicted]
        self.confusion.clearSelection()
        self.pairs.clearSelection()
        self._all.hide()
        of_all = f"of {counted(self._evaluation.images, 'test image')} named wrongly"
        self._show(wrong, f"{len(wrong):,} {of_all}" if wrong else "Every test image is right")

    def _show_pair(self, true: str, predicted: str) -> None:
        if self._evaluation is None:
            return
        pair = [
            prediction
            for prediction in self._evaluation.predictions
            if (prediction.label, prediction.predicted) == (true, predicted)
        ]
        self._all.show()
        self._show(pair, f"{counted(len(pair), 'image')} of “{true}” named “{predicted}”")

    def _show(self, predictions: Sequence[Prediction], what: str) -> None:
        surest_first = sorted(predictions, key=lambda each: -each.confidence)
        self.what.setText(what)
        pictures = [_picture(prediction) for prediction in surest_first]
        self.images.show_pictures(pictures, self._reader)


def _picture(prediction: Prediction) -> Picture:
    said = f"{prediction.predicted}, {prediction.confidence:.0%}"
    wrong = prediction.label != prediction.predicted
    return Picture(path=prediction.path, caption=prediction.label, detail=said, alert=wrong)
