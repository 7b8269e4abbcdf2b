"""The Results page: figures, mistakes, and how the training went."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QStackedWidget

from graftwork.engine.events import Notice, Progress, TrainingEvent
from graftwork.engine.history import RunHistory
from graftwork.gui.parts.boxes import Card, column, holder, scrolling
from graftwork.gui.parts.busy import Busy
from graftwork.gui.parts.buttons import Segments, button
from graftwork.gui.parts.drop_area import EmptyState
from graftwork.gui.parts.focus import settle_focus
from graftwork.gui.parts.page import Page
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.train.board import ChartBoard
from graftwork.gui.worker import Failure
from graftwork.runs.record import RunRecord

from .class_table import class_table
from .figure_cards import FigureCards
from .mistakes import MistakesView
from .state import ResultState, ShownRun
from .warning_list import WarningList

_NOTHING = "How far the trained network can be trusted, on images that it has never seen."
_NOT_TRAINED = "Not one epoch of it was finished, so there is nothing to show."
_EMPTY, _BUSY, _UNTRAINED, _FIGURES, _MISTAKES, _TRAINING = range(6)


class ResultsPage(Page):
    """Shows the run that ``state`` holds."""

    def __init__(
        self, state: ResultState, loader: PictureLoader, go_on: Callable[[], object]
    ) -> None:
        self.views = Segments("Figures", "Mistakes", "Training")
        self.go_on = button("Export", go_on, kind="primary", picture="export")
        super().__init__("Results", _NOTHING, self.views, self.go_on)
        self._state = state
        self._empty_history = RunHistory()
        self.busy = Busy(state.close)
        self.warnings = WarningList()
        self.cards = FigureCards()
        self.classes = class_table()
        self.mistakes = MistakesView(loader)
        self.board = ChartBoard(self._history)
        self._stack = QStackedWidget()
        self._lay_out()
        self._listen()
        self._show(_EMPTY)

    def _lay_out(self) -> None:
        sentence = "Train a network, or open a run on the Runs page. Its results stand here."
        table = Card("Each class", self.classes, margin=12)
        figures = column(self.warnings, self.cards, table, gap=16)
        figures.setStretch(2, 1)
        self._stack.addWidget(EmptyState("results", "No results yet", sentence))
        self._stack.addWidget(holder(column(None, self.busy, None)))
        self._stack.addWidget(EmptyState("results", "Nothing was learned", _NOT_TRAINED))
        self._stack.addWidget(scrolling(holder(figures)))
        self._stack.addWidget(self.mistakes)
        self._stack.addWidget(self.board)
        self.body.addWidget(self._stack)

    def _listen(self) -> None:
        self.views.chosen.connect(lambda view: self._stack.setCurrentIndex(_FIGURES + view))
        self._stack.currentChanged.connect(lambda _: settle_focus(self))
        self._state.opening.connect(self._show_opening)
        self._state.said.connect(self._show_event)
        self._state.shown.connect(self._show_run)
        self._state.failed.connect(self._show_failure)
        self._state.closed.connect(self._show_nothing)

    def _show(self, view: int) -> None:
        self._stack.setCurrentIndex(view)
        self.views.setVisible(view >= _FIGURES)
        self.go_on.setVisible(view >= _FIGURES)
        settle_focus(self)

    def _show_nothing(self) -> None:
        self.failure.hide()
        self.subtitle.setText(_NOTHING)
        self._show(_EMPTY)

    def _history(self) -> RunHistory:
        return self._state.current.history if self._state.current else self._empty_history

    def _show_opening(self, run: RunRecord) -> None:
        self.failure.hide()
        self.subtitle.setText(describe_run(run))
        self.busy.begin("Reading the run")
        self._show(_BUSY)

    def _show_event(self, event: TrainingEvent) -> None:
        match event:
            case Progress():
                self.busy.show_progress(event)
            case Notice():
                self.subtitle.setText(event.text)

    def _show_run(self, shown: ShownRun) -> None:
        self.subtitle.setText(describe_run(shown.run))
        if shown.run.status == "failed":
            self.failure.show_failure(_why(shown.run))
        if shown.evaluation is None and not shown.history.epochs:
            self._show(_UNTRAINED)
        else:
            self._show_views(shown)

    def _show_views(self, shown: ShownRun) -> None:
        measured = shown.evaluation is not None
        for view in (0, 1):
            self.views.allow(view, allowed=measured)
        self._show(_FIGURES)
        self.views.choose(0 if measured else 2)
        self.warnings.show_notices(shown.history.notices)
        if shown.evaluation is not None:
            self.cards.show_evaluation(shown.evaluation)
            self.classes.show_records(shown.evaluation.per_class)
            self.mistakes.show_evaluation(shown.evaluation, shown.reader)
        self.go_on.setEnabled(measured)

    def _show_failure(self, failure: Failure) -> None:
        self._show(_EMPTY)
        self.failure.show_failure(failure)


def _why(run: RunRecord) -> Failure:
    return Failure(message=run.message or "This run failed without a word.", details="")


def describe_run(run: RunRecord) -> str:
    """A run in a line: when, and what was trained on what. Its ends tell it from others."""
    when = f"{run.created.astimezone():%Y-%m-%d %H:%M}"
    return f"{when}  ·  {run.backbone}, {run.strategy}  ·  {run.data}"
