"""Asks before a run that is at work is ended by closing the window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from .parts.question import ask


def ask_to_close(window: QWidget) -> bool:
    """Whether to stop the training, keep its best weights, and close."""
    return ask(
        window,
        "Training is under way",
        "A network is being trained.",
        "If you stop now, the best weights so far are kept with the run.",
        yes="Stop and keep the best",
        no="Go on training",
    )
