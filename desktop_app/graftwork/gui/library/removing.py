"""Moves runs to the system's bin, once the user has agreed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QFile
from PySide6.QtWidgets import QWidget

from graftwork.gui.parts.question import ask
from graftwork.plugin_api import GraftworkError
from graftwork.runs.errors import RunUseError
from graftwork.runs.record import RunRecord
from graftwork.runs.resuming import run_lock
from graftwork.runs.store import RunStore


def ask_to_remove(page: QWidget, runs: Sequence[RunRecord]) -> bool:
    """Whether these runs shall go."""
    one = len(runs) == 1
    which = f"the run {runs[0].id}" if one else f"these {len(runs)} runs"
    where = f"its folder, {runs[0].folder}" if one else "their folders"
    return ask(
        page,
        "Remove a run" if one else "Remove runs",
        f"Move {which} to the bin?",
        f"{'Its' if one else 'Their'} weights, results and log go with {where}. "
        "Your images and the models that you exported elsewhere stay as they are.",
        yes="Move to the bin",
    )


def remove_runs(
    runs: Sequence[RunRecord], store: RunStore, removed: Callable[[RunRecord], object]
) -> None:
    """Move all of them that can be moved to the bin; each that went is given to ``removed``.

    Raises ``RunUseError`` at the end, which names the reason of each that had to stay.
    """
    reasons = []
    for run in runs:
        try:
            remove_run(run, store)
        except (GraftworkError, OSError) as error:
            reasons.append(str(error))
        else:
            removed(run)
    if reasons:
        raise RunUseError("\n".join(reasons))


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
