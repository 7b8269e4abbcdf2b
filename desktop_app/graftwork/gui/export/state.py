"""Writes the model and tries it on images, in the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from graftwork.gui.tasks import Tasks
from graftwork.gui.worker import GeneratorThread
from graftwork.runs.workshop import Workshop

if TYPE_CHECKING:
    from graftwork.export.onnx_model import ExportReport
    from graftwork.export.predict import FilePrediction, FileProblem


class ExportState(QObject):
    """``exporting`` and ``said`` tell how the export goes; then comes ``exported`` or ``failed``.

    ``model_changed`` carries the file that answers for images, or None. ``predicted`` carries what
    it says of one image; then comes ``tried``, or ``refused`` if it cannot be asked.
    """

    exporting = Signal()
    said = Signal(object)
    exported = Signal(object)
    failed = Signal(object)
    model_changed = Signal(object)
    predicted = Signal(object)
    tried = Signal()
    refused = Signal(object)

    def __init__(self, workshop: Workshop, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.model: Path | None = None
        self._workshop = workshop
        self._tasks = tasks
        self._trial: GeneratorThread | None = None

    def export(self, run_id: str, file: Path, *, plain: bool) -> None:
        """Write this run's model to the file, and prove it."""
        self.use_model(None)
        self.exporting.emit()
        self._tasks.start(
            lambda: self._workshop.export(run_id, file, plain),
            produced=self.said.emit,
            returned=self._take_report,
            failed=self.failed.emit,
        )

    def try_on(self, paths: Sequence[Path]) -> None:
        """Ask the model what it says of these images or folders."""
        file = self.model
        if file is None:
            return
        self._end_trial()
        self._trial = self._tasks.start(
            lambda: _predictions(file, paths),
            produced=lambda result: self._take_prediction(result, file),
            returned=lambda _: self.tried.emit(),
            failed=self.refused.emit,
        )

    def use_model(self, file: Path | None) -> None:
        """Let this file answer from now on, just exported or of long ago; None: no file."""
        self._end_trial()
        self.model = file
        self.model_changed.emit(file)

    def _take_prediction(self, result: FilePrediction | FileProblem, file: Path) -> None:
        if file == self.model:
            self.predicted.emit(result)

    def _end_trial(self) -> None:
        if self._trial is not None:
            self._trial.stop()
            self._trial = None

    def _take_report(self, report: ExportReport) -> None:
        self.use_model(None if report.plain else report.file)
        self.exported.emit(report)


def _predictions(file: Path, paths: Sequence[Path]) -> Iterator[FilePrediction | FileProblem]:
    from graftwork.export.predict import predict_files

    yield from predict_files(file, paths)
