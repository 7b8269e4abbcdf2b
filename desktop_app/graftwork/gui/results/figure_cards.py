"""The headline figures, each with its interval and what it means in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from graftwork.gui.parts.boxes import Card, clear, row
from graftwork.gui.parts.text import label

if TYPE_CHECKING:
    from graftwork.evaluation.report import Evaluation, Figure

_WORDS = {
    "accuracy": ("Accuracy", "So many of all test images are named rightly."),
    "balanced_accuracy": ("Balanced accuracy", "The same, with each class counting alike."),
    "macro_f1": ("Macro F1", "Finding a class and not naming it wrongly, averaged over classes."),
    "log_loss": ("Log loss", "How honest the stated confidence is; less is better."),
}
_IN_PERCENT = {"accuracy", "balanced_accuracy"}


class FigureCards(QWidget):
    """One card a figure."""

    def __init__(self) -> None:
        super().__init__()
        self._row = row(gap=12)
        self.setLayout(self._row)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show the figures of this evaluation."""
        clear(self._row)
        for name, figure in evaluation.figures.items():
            self._row.addWidget(_card(name, figure), 1)


def _card(name: str, figure: Figure) -> Card:
    title, meaning = _WORDS.get(name, (name.replace("_", " ").capitalize(), ""))
    value = label(_spoken(name, figure.value), "figure")
    interval = f"{_spoken(name, figure.low)} to {_spoken(name, figure.high)}"
    between = label(f"95% interval: {interval}", "small")
    card = Card("", label(title, "muted"), value, between, label(meaning, "small", wrap=True), None)
    card.body.setSpacing(4)
    card.setToolTip(f"The interval: {figure.method}")
    card.setAccessibleName(f"{title}: {value.text()}, {between.text()}")
    return card


def _spoken(name: str, value: float) -> str:
    return f"{value:.1%}" if name in _IN_PERCENT else f"{value:.3f}"
