"""The Export page: write the model, learn how to use it, try it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget, QWidget

from graftwork.gui.parts.announce import announce
from graftwork.gui.parts.boxes import GRID, column, row, scrolling
from graftwork.gui.parts.drop_area import EmptyState
from graftwork.gui.parts.focus import settle_focus
from graftwork.gui.parts.page import Page
from graftwork.gui.parts.question import ask
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.results.page import describe_run
from graftwork.gui.results.state import ResultState, ShownRun
from graftwork.gui.worker import Failure
from graftwork.settings import Settings

from .save_card import SaveCard
from .state import ExportState
from .try_card import TryCard
from .usage_card import UsageCard

if TYPE_CHECKING:
    from graftwork.export.onnx_model import ExportReport

_NOTHING = "Take the trained network away as one ONNX file, which runs without Graftwork."


class ExportPage(Page):
    """Exports the run that ``results`` holds."""

    def __init__(
        self,
        state: ExportState,
        results: ResultState,
        settings: Settings,
        loader: PictureLoader,
    ) -> None:
        super().__init__("Export", _NOTHING)
        self._state = state
        self._results = results
        self._settings = settings
        self.save = SaveCard(self._export)
        self.usage = UsageCard()
        self.trial = TryCard(state.try_on, state.use_model, loader)
        self._stack = QStackedWidget()
        self._lay_out()
        self._listen()

    def _lay_out(self) -> None:
        sentence = "Train a network, or open a run on the Runs page. Then it can be saved here."
        left = QWidget()
        left.setLayout(column(self.save, self.usage, None, gap=2 * GRID))
        self._stack.addWidget(EmptyState("export", "Nothing to export yet", sentence, narrow=True))
        self._stack.addWidget(scrolling(left))
        sides = row(self._stack, self.trial, gap=2 * GRID)
        sides.setStretch(0, 1)
        sides.setStretch(1, 1)
        self.body.addLayout(sides)

    def _listen(self) -> None:
        self._stack.currentChanged.connect(lambda _: settle_focus(self))
        self._results.opening.connect(lambda _: self._stack.setCurrentIndex(0))
        self._results.shown.connect(self._show_run)
        self._results.closed.connect(self._show_nothing)
        self._state.exporting.connect(self.save.show_busy)
        self._state.said.connect(self.save.show_event)
        self._state.exported.connect(self._show_report)
        self._state.failed.connect(self._show_failure)
        self._state.model_changed.connect(self.trial.show_model)
        self._state.predicted.connect(self.trial.add)
        self._state.tried.connect(self.trial.finish)
        self._state.refused.connect(self._show_refusal)
        self.save.file.textChanged.connect(self._show_usage)
        self.save.plain.toggled.connect(self._show_usage)

    def _export(self) -> None:
        shown = self._results.current
        if shown is None or (self.save.replaces_unasked and not self._may_replace()):
            return
        self.failure.hide()
        self._settings.export_folder = self.save.path.parent
        self._state.export(shown.run.id, self.save.path, plain=self.save.plain.isChecked())

    def _may_replace(self) -> bool:
        return ask(
            self,
            "Replace the file",
            f"{self.save.path.name} is there already. Replace it?",
            f"It is in {self.save.path.parent}.",
            yes="Replace",
        )

    def _show_run(self, shown: ShownRun) -> None:
        self._stack.setCurrentIndex(1 if shown.evaluation is not None else 0)
        self.subtitle.setText(describe_run(shown.run))
        folder = self._settings.export_folder or Path.home()
        self.save.file.setText(str(folder / _file_name(shown)))
        self.save.report.hide()
        self._show_usage()  # the file may be called as that of the run before
        self._state.use_model(None)

    def _show_nothing(self) -> None:
        self.subtitle.setText(_NOTHING)
        self._stack.setCurrentIndex(0)

    def _show_usage(self) -> None:
        shown = self._results.current
        spec = shown.spec if shown and not self.save.plain.isChecked() else None
        self.usage.show_file(self.save.path, spec)

    def _show_report(self, report: ExportReport) -> None:
        self.save.show_report(report)
        announce(self.window(), "The model is exported.")

    def _show_failure(self, failure: Failure) -> None:
        self.save.show_end()
        announce(self.window(), "The model could not be exported.")
        self.failure.show_failure(failure)

    def _show_refusal(self, failure: Failure) -> None:
        self.trial.clear()
        self.failure.show_failure(failure)


def _file_name(shown: ShownRun) -> str:
    data = re.sub(r"[^\w-]+", "-", Path(shown.run.data).stem).strip("-") or "model"
    return f"{data}-{shown.run.backbone.replace('/', '-')}.onnx"
