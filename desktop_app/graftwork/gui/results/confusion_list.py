"""The mistakes as a list of pairs of classes: of many classes, a matrix shows next to nothing."""

from __future__ import annotations

from operator import attrgetter

from PySide6.QtCore import Signal

from graftwork.gui.parts.table import Column, RecordTable


class ConfusionList(RecordTable):
    """Shows ``Confusion`` records; ``picked`` carries the true and the predicted class of a row."""

    picked = Signal(str, str)

    def __init__(self) -> None:
        columns = [
            Column(heading="What it is", text=attrgetter("label"), stretch=True),
            Column(heading="Taken for", text=attrgetter("predicted"), stretch=True),
            Column(
                heading="Images",
                text=lambda pair: f"{pair.images:,}",
                key=attrgetter("images"),
                right=True,
            ),
            Column(
                heading="Of its class",
                text=lambda pair: f"{pair.share:.1%}",
                key=attrgetter("share"),
                right=True,
            ),
        ]
        super().__init__("Classes taken for others", columns)
        self.setObjectName("confusions")
        self.selectionModel().selectionChanged.connect(self._tell)

    def _tell(self) -> None:
        for pair in self.chosen():
            self.picked.emit(pair.label, pair.predicted)
