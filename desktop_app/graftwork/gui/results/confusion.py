"""The confusion matrix: what each true class was taken for. A click shows the images."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from graftwork.gui.colors import current_colors
from graftwork.gui.parts.text import counted

from .class_header import ClassHeader
from .shade_delegate import ShadeDelegate

if TYPE_CHECKING:
    from graftwork.evaluation.report import Evaluation

Index = QModelIndex | QPersistentModelIndex
_SMALLEST_CELL = 30
_GRID_LINE = 1
_HIGHEST_CELL = 96
_WIDEST_CELL = 240
_WIDEST_NAME, _LINES_WIDE = 140, 7
_AROUND_TEXT = 8


class ConfusionModel(QAbstractTableModel):
    """Rows are true classes, columns predicted ones; colours are shares of the row."""

    def __init__(self) -> None:
        super().__init__()
        self.classes: tuple[str, ...] = ()
        self._counts: dict[tuple[int, int], int] = {}
        self._images: Counter[int] = Counter()

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show the matrix of this evaluation."""
        self.beginResetModel()
        self.classes = evaluation.classes
        self._counts = {(true, said): count for true, said, count in evaluation.confusion}
        self._images = Counter()
        for true, _, count in evaluation.confusion:
            self._images[true] += count
        self.endResetModel()

    def largest(self) -> QModelIndex:
        """The cell of the largest count; of none, where there is no count."""
        true, said = max(self._counts, key=self._counts.__getitem__, default=(-1, -1))
        return self.index(true, said)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's
        """How many classes there are."""
        return 0 if parent.isValid() else len(self.classes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's
        """How many classes there are."""
        return self.rowCount(parent)

    def headerData(  # noqa: N802 - Qt's name
        self,
        section: int,
        orientation: Qt.Orientation,  # noqa: ARG002 - both name the same classes
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """The class's name."""
        shown = role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}
        return self.classes[section] if shown else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The count, its colour, and what it says in words."""
        row, column = index.row(), index.column()
        count = self._counts.get((row, column), 0)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return f"{count:,}" if count else "·"
            case Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignCenter
            case Qt.ItemDataRole.BackgroundRole:
                return _shade(count / max(1, self._images[row]), right=row == column)
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                true, said = self.classes[row], self.classes[column]
                return f"{counted(count, 'image')} of “{true}” taken for “{said}”"
        return None


def _shade(share: float, *, right: bool) -> QColor:
    colors = current_colors()
    color = QColor(colors.accent if right else colors.danger)
    color.setAlphaF(0.0 if share == 0 else 0.12 + 0.5 * share)
    return color


class ConfusionTable(QTableView):
    """``picked`` carries the true and the predicted class of the cell that is selected.

    The current cell does not count: a table takes one whenever it gets the keyboard.
    """

    picked = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._matrix = ConfusionModel()
        self._names = ClassHeader()
        self.setHorizontalHeader(self._names)
        self.setModel(self._matrix)
        self.setObjectName("confusion")
        self.setItemDelegate(ShadeDelegate(self))
        self.setAccessibleName("Confusion matrix: true classes in rows, predicted in columns")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setMinimumSectionSize(_SMALLEST_CELL)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setSectionsClickable(False)
            header.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.selectionModel().selectionChanged.connect(self._tell)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show the matrix of this evaluation."""
        self._matrix.show_evaluation(evaluation)
        self._names.show_names(evaluation.classes)
        self._share_room()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Share the new room."""
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """Columns before rows: names that stand upright above them leave the rows less."""
        classes, line = max(1, len(self._matrix.classes)), self.fontMetrics().height()
        self.verticalHeader().setMaximumWidth(max(_WIDEST_NAME, _LINES_WIDE * line))
        counted = self.sizeHintForIndex(self._matrix.largest()).width() + _GRID_LINE
        smallest = max(_SMALLEST_CELL, line + _AROUND_TEXT)
        width = min(_WIDEST_CELL, self.viewport().width() // classes)
        self._names.fit_names(max(smallest, counted, width))
        height = min(_HIGHEST_CELL, self.viewport().height() // classes)
        self.verticalHeader().setDefaultSectionSize(max(smallest, height))

    def _tell(self) -> None:
        for cell in self.selectedIndexes():
            self.picked.emit(self._matrix.classes[cell.row()], self._matrix.classes[cell.column()])
