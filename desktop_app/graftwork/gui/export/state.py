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

    ``predicted`` carries what the exported file says of one image, ``tried`` that all are done.
    """

    exporting = Signal()
    said = Signal(object)
    exported = Signal(object)
    failed = Signal(object)
    predicted = Signal(object)
    tried = Signal()

    def __init__(self, workshop: Workshop, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.report: ExportReport | None = None
        self._workshop = workshop
        self._tasks = tasks
        self._trial: GeneratorThread | None = None

    def export(self, run_id: str, file: Path, *, plain: bool) -> None:
        """Write this run's model to the file, and prove it."""
        self.report = None
        self.exporting.emit()
        self._tasks.start(
            lambda: self._workshop.export(run_id, file, plain),
            produced=self.said.emit,
            returned=self._take_report,
            failed=self.failed.emit,
        )

    def try_on(self, paths: Sequence[Path]) -> None:
        """Ask the file that was exported last what it says of these images or folders."""
        if self.report is None:
            return
        if self._trial is not None:
            self._trial.stop()
        file = self.report.file
        self._trial = self._tasks.start(
            lambda: _predictions(file, paths),
            produced=self.predicted.emit,
            returned=lambda _: self.tried.emit(),
            failed=self.failed.emit,
        )

    def _take_report(self, report: ExportReport) -> None:
        self.report = report
        self.exported.emit(report)


def _predictions(file: Path, paths: Sequence[Path]) -> Iterator[FilePrediction | FileProblem]:
    from graftwork.export.predict import predict_files

    yield from predict_files(file, paths)
