"""Finds a network of a family, such as timm's, by a part of its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QRegularExpression,
    QSortFilterProxyModel,
    QStringListModel,
    Signal,
    Slot,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QListView,
    QWidget,
)

from graftwork.gui.parts.banner import FailureBanner
from graftwork.gui.parts.boxes import GRID, column
from graftwork.gui.parts.busy import Busy
from graftwork.gui.parts.text import label
from graftwork.gui.tasks import Tasks
from graftwork.gui.worker import Failure, once
from graftwork.plugin_api import Backbone, BackboneFamily
from graftwork.plugin_host import Registry
from graftwork.plugin_host.families import network_names


class NetworkDialog(QDialog):
    """Lists all networks of all families; ``found`` carries the backbone that was chosen."""

    found = Signal(object)

    def __init__(self, registry: Registry, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._registry = registry
        self._tasks = tasks
        self.setWindowTitle("Another network")
        self.resize(560, 560)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Parts of the name, such as convnext tiny")
        self.filter.setClearButtonEnabled(True)
        self._names = QStringListModel()
        self._matching = QSortFilterProxyModel()
        self._matching.setSourceModel(self._names)
        self.list = QListView()
        self.list.setModel(self._matching)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setAccessibleName("Networks")
        self.none = label("No name holds all of these words.", "muted")
        self.none.hide()
        self._busy = Busy()
        self._failure = FailureBanner()
        self._lay_out()
        self._listen()
        self._busy.begin("Asking for names")
        families = registry.families
        self._thread = tasks.start(
            lambda: once(lambda: _all_names(families)), returned=self._list, failed=self._fail
        )

    def _lay_out(self) -> None:
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.use = self.buttons.addButton("Use it", QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.setProperty("kind", "primary")
        self.use.setDefault(True)
        self.use.setEnabled(False)
        close = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setAutoDefault(False)  # Enter does not close while a network is asked for
        why = label(_WHY, "muted", wrap=True)
        parts = (why, self._failure, self._busy, self.filter, self.none, self.list, self.buttons)
        layout = column(*parts, margin=2 * GRID)
        layout.setStretchFactor(self.list, 1)
        self.setLayout(layout)

    def _listen(self) -> None:
        self.filter.textChanged.connect(self._search)
        self.list.selectionModel().currentChanged.connect(self._refresh)
        self._matching.rowsRemoved.connect(self._refresh)
        self.list.activated.connect(self._describe)
        self.buttons.accepted.connect(self._describe)
        self.buttons.rejected.connect(self.reject)

    def done(self, result: int) -> None:
        """Go; what is still asked for is of no interest any more."""
        self._thread.stop()
        super().done(result)
        self.deleteLater()

    @Slot(object)
    def _list(self, names: Sequence[str]) -> None:
        self._busy.hide()
        self._names.setStringList(list(names))
        self.filter.setFocus()

    @Slot(str)
    def _search(self, text: str) -> None:
        self._matching.setFilterRegularExpression(_holding_all(text.split()))
        self.none.setVisible(self._names.rowCount() > 0 == self._matching.rowCount())

    @Slot()
    def _refresh(self) -> None:
        self._allow(choice=True)

    def _allow(self, *, choice: bool) -> None:
        for part in (self.filter, self.list):
            part.setEnabled(choice)
        self.use.setEnabled(choice and self.list.currentIndex().isValid())

    @Slot()
    def _describe(self) -> None:
        """Ask the family for the network: it may have to build it for that, which takes seconds."""
        name = self.list.currentIndex().data()
        self._allow(choice=False)
        self._failure.hide()
        self._busy.begin(f"Asking for {name}")
        self._busy.show()
        self._thread = self._tasks.start(
            lambda: once(lambda: self._registry.backbone(name)),
            returned=self._take,
            failed=self._fail,
        )

    @Slot(object)
    def _take(self, backbone: Backbone) -> None:
        self.found.emit(backbone)
        self.accept()

    @Slot(object)
    def _fail(self, failure: Failure) -> None:
        self._busy.hide()
        self._allow(choice=True)
        self.list.setFocus()
        self._failure.show_failure(failure)


_WHY = (
    "Plugins know more networks than the list shows. Weights are downloaded at the first training, "
    "or imported from a file (graftwork weights import FILE --backbone NAME)."
)


def _holding_all(words: Sequence[str]) -> QRegularExpression:
    """Matches names that hold each of the words, in whatever order and case."""
    pattern = "".join(f"(?=.*{QRegularExpression.escape(word)})" for word in words)
    return QRegularExpression(pattern, QRegularExpression.PatternOption.CaseInsensitiveOption)


def _all_names(families: Mapping[str, BackboneFamily]) -> list[str]:
    return [name for family in families.values() for name in network_names(family)]
