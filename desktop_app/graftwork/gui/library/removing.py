"""Moves a run to the system's bin, once the user has agreed."""

from __future__ import annotations

from PySide6.QtCore import QFile
from PySide6.QtWidgets import QWidget

from graftwork.gui.parts.question import ask
from graftwork.runs.errors import RunUseError
from graftwork.runs.record import RunRecord
from graftwork.runs.resuming import run_lock
from graftwork.runs.store import RunStore


def ask_to_remove(page: QWidget, run: RunRecord) -> bool:
    """Whether this run shall go."""
    return ask(
        page,
        "Remove a run",
        f"Move the run {run.id} to the bin?",
        f"Its weights, results and log go with its folder, {run.folder}. "
        "Your images and the models that you exported elsewhere stay as they are.",
        yes="Move to the bin",
    )


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
