"""The Runs page: all that was trained, to be opened again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QModelIndex, QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QStackedWidget

from graftwork.gui.parts.boxes import Card
from graftwork.gui.parts.buttons import button
from graftwork.gui.parts.drop_area import EmptyState
from graftwork.gui.parts.focus import settle_focus
from graftwork.gui.parts.page import Page
from graftwork.gui.parts.table import Column, RecordTable
from graftwork.gui.parts.text import counted
from graftwork.gui.worker import Failure
from graftwork.plugin_api import GraftworkError
from graftwork.runs.record import RunRecord
from graftwork.runs.store import RunStore

from .removing import ask_to_remove, remove_runs

_COLUMNS = [
    Column(
        heading="Date",
        text=lambda run: f"{run.created.astimezone():%Y-%m-%d %H:%M}",
        key=lambda run: run.created.isoformat(),
        whole=True,
    ),
    Column(
        heading="Data",
        text=lambda run: _last_part(run.data),
        stretch=True,
        tip=lambda run: run.data,
    ),
    Column(heading="Network", text=lambda run: run.backbone),
    Column(heading="Strategy", text=lambda run: run.strategy, prose=True),
    Column(
        heading="Validation",
        text=lambda run: _percent(run.validation_accuracy),
        key=lambda run: _sortable(run.validation_accuracy),
        right=True,
    ),
    Column(
        heading="Test",
        text=lambda run: _percent(run.test_accuracy),
        key=lambda run: _sortable(run.test_accuracy),
        right=True,
    ),
    Column(
        heading="Status",
        text=lambda run: run.status,
        tip=lambda run: run.message or run.status,
    ),
]

_NO_RUNS = "Train a network. Here it can be opened again, trained on, or forked."
_UNFINISHED = frozenset({"stopped", "failed", "interrupted"})


@dataclass(frozen=True, kw_only=True)
class RunActions:
    """What the rest of the window does with a run of the list; ``forget`` one that is gone."""

    open: Callable[[RunRecord], object]
    go_on: Callable[[RunRecord], object]
    fork: Callable[[RunRecord], object]
    forget: Callable[[RunRecord], object]
    is_training: Callable[[], bool]


class RunsPage(Page):
    """Reads the store anew whenever it is looked at."""

    def __init__(self, store: RunStore, actions: RunActions) -> None:
        self.open = button("Open", self._open, kind="primary", picture="results")
        self.go_on = button("Go on", self._go_on_with_it, picture="play")
        self.go_on.setToolTip("Train on from where this run was stopped or killed")
        self.fork = button("Fork", self._fork_it, picture="train")
        self.fork.setToolTip("Train a new run from its weights, with other settings or images")
        self.folder = button("Show its folder", self._open_folder, picture="folder")
        self.remove = button("Remove", self._remove, picture="remove", keys="Del")
        self.remove.setToolTip("Move the chosen runs to the bin (Del)")
        super().__init__("Runs", "", self.remove, self.folder, self.fork, self.go_on, self.open)
        self._store = store
        self._actions = actions
        self.table = RecordTable("Runs", _COLUMNS, several=True)
        self.table.activated.connect(self._open_row)
        self.table.selectionModel().selectionChanged.connect(self._allow)
        self._stack = QStackedWidget()
        self._stack.addWidget(EmptyState("runs", "No runs yet", _NO_RUNS))
        self._stack.addWidget(Card("", self.table, margin=12))
        self.body.addWidget(self._stack)
        self._allow()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Read the store."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show what the store holds now."""
        runs = self._store.runs()
        self.table.show_records(runs)
        self.table.selectRow(0)
        self._stack.setCurrentIndex(1 if runs else 0)
        self.subtitle.setText(
            counted(len(runs), "run") if runs else "What you train is kept and listed here."
        )
        self._allow()
        settle_focus(self)

    def _allow(self) -> None:
        run, idle = self._only_run(), not self._actions.is_training()
        self.open.setEnabled(run is not None)
        self.folder.setEnabled(run is not None)
        self.go_on.setEnabled(run is not None and run.status in _UNFINISHED and idle)
        has_weights = run is not None and run.validation_accuracy is not None
        self.fork.setEnabled(has_weights and idle)
        chosen = self.table.chosen()
        self.remove.setEnabled(bool(chosen) and all(run.status != "running" for run in chosen))

    def _only_run(self) -> RunRecord | None:
        """The run that is chosen, if it is one."""
        chosen = self.table.chosen()
        return chosen[0] if len(chosen) == 1 else None

    def _open_row(self, _index: QModelIndex) -> None:
        self._open()

    def _open(self) -> None:
        run = self._only_run()
        if run is not None:
            self._actions.open(run)

    def _go_on_with_it(self) -> None:
        run = self._only_run()
        if run is not None:
            self._actions.go_on(run)

    def _fork_it(self) -> None:
        run = self._only_run()
        if run is not None:
            self._actions.fork(run)

    def _open_folder(self) -> None:
        run = self._only_run()
        if run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.folder)))

    def _remove(self) -> None:
        chosen = self.table.chosen()
        if not chosen or not ask_to_remove(self, chosen):
            return
        self.failure.hide()
        try:
            remove_runs(chosen, self._store, self._actions.forget)
        except GraftworkError as error:
            self.failure.show_failure(Failure.of(error))
        self.refresh()


def _last_part(path: str) -> str:
    """The folder's or table's own name: what tells it from others where there is little room."""
    return Path(path).name or path


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _sortable(value: float | None) -> float:
    return float("-inf") if value is None else value
