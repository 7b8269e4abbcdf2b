"""A list of things to choose one from: a title, a sentence, and a word on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QListView

from .choice_delegate import ChoiceDelegate

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of the things; ``key`` names it, ``note`` is the word on the right."""

    key: str
    title: str
    detail: str
    note: str = ""


class ChoiceModel(QAbstractListModel):
    """The choices, for the list and for screen readers."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__()
        self.choices = list(choices)

    def put_first(self, choice: Choice) -> None:
        """Add this one at the beginning, unless there is one of its key."""
        if choice.key in {known.key for known in self.choices}:
            return
        self.beginInsertRows(QModelIndex(), 0, 0)
        self.choices.insert(0, choice)
        self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's
        """How many choices there are."""
        return 0 if parent.isValid() else len(self.choices)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The title to show, all of it to a screen reader, the choice itself to the delegate."""
        choice = self.choices[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return choice.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{choice.title}. {choice.detail} {choice.note}"
            case Qt.ItemDataRole.ToolTipRole:
                return choice.detail
            case Qt.ItemDataRole.UserRole:
                return choice
        return None


class ChoiceList(QListView):
    """Shows the choices; one is always chosen."""

    chosen = Signal(str)

    def __init__(self, name: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._model = ChoiceModel(choices)
        self.setModel(self._model)
        self.setProperty("choice", True)
        self.setAccessibleName(name)
        self.setItemDelegate(ChoiceDelegate(self))
        self.setMouseTracking(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentChanged.connect(self._tell)

    def add(self, choice: Choice) -> None:
        """Put this one first, unless it is there, and choose it."""
        self._model.put_first(choice)
        self.choose(choice.key)

    def choose(self, key: str) -> None:
        """Choose this one; the first if there is none of that name."""
        keys = [choice.key for choice in self._model.choices]
        self.setCurrentIndex(self._model.index(keys.index(key) if key in keys else 0))

    @property
    def current(self) -> str | None:
        """The key of what is chosen; None if there was nothing to choose from."""
        row = self.currentIndex().row()
        return self._model.choices[row].key if row >= 0 else None

    def _tell(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(self._model.choices[current.row()].key)
