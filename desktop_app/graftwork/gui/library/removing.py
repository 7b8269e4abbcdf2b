"""Moves a run to the system's bin, once the user has agreed."""

from __future__ import annotations

from PySide6.QtCore import QFile
from PySide6.QtWidgets import QMessageBox, QWidget

from graftwork.runs.errors import RunUseError
from graftwork.runs.record import RunRecord
from graftwork.runs.resuming import run_lock
from graftwork.runs.store import RunStore


def ask_to_remove(page: QWidget, run: RunRecord) -> bool:
    """Whether this run shall go."""
    box = removing_question(page, run)
    box.exec()
    answer = box.clickedButton()
    box.deleteLater()
    return answer is box.button(QMessageBox.StandardButton.Ok)


def removing_question(page: QWidget, run: RunRecord) -> QMessageBox:
    """The question; "Ok" stands for removing."""
    box = QMessageBox(page)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Remove a run")
    box.setText(f"Move the run {run.id} to the bin?")
    box.setInformativeText(
        f"Its weights, results and log go with its folder, {run.folder}. "
        "Your images and the models that you exported elsewhere stay as they are."
    )
    box.setStandardButtons(QMessageBox.StandardButton.Ok | QMessageBox.StandardButton.Cancel)
    box.button(QMessageBox.StandardButton.Ok).setText("Move to the bin")
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    return box


def remove_run(run: RunRecord, store: RunStore) -> None:
    """Move the run's folder to the bin, and forget it.

    Raises ``RunUseError`` if it is at work, or cannot be moved: some drives have no bin.
    """
    with run_lock(run):
        pass  # let go of before the folder moves, as some systems ask for
    if not QFile(str(run.folder)).moveToTrash():
        msg = (
            "The run could not be moved to the bin: its drive may have none, or a file of it is "
            f"in use. To be rid of it, delete its folder {run.folder}."
        )
        raise RunUseError(msg)
    store.forget(run)
