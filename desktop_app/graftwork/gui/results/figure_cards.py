"""The headline figures, each with its interval and what it means in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QWidget

from graftwork.gui.parts.boxes import Card, clear
from graftwork.gui.parts.text import label

if TYPE_CHECKING:
    from graftwork.evaluation.report import Evaluation, Figure

_WORDS = {
    "accuracy": ("Accuracy", "So many of all test images are named rightly."),
    "balanced_accuracy": ("Balanced accuracy", "The same, with each class counting alike."),
    "macro_f1": ("Macro F1", "Finding a class and not naming it wrongly, averaged over classes."),
    "log_loss": ("Log loss", "How honest the stated confidence is; less is better."),
    "tree_distance": ("Tree distance", "Levels up to where named and true class meet, on average."),
}
_LEVEL = "accuracy_level_"
_IN_A_ROW = 4


class FigureCards(QWidget):
    """One card a figure, four in a row."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(12)
        self.setLayout(self._grid)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show the figures of this evaluation."""
        clear(self._grid)
        for place, (name, figure) in enumerate(evaluation.figures.items()):
            self._grid.addWidget(_card(name, figure), *divmod(place, _IN_A_ROW))


def _card(name: str, figure: Figure) -> Card:
    title, meaning = _WORDS.get(name) or _words_of_level(name)
    value = label(_spoken(name, figure.value), "figure")
    interval = f"{_spoken(name, figure.low)} to {_spoken(name, figure.high)}"
    between = label(f"95% interval: {interval}", "small")
    card = Card("", label(title, "muted"), value, between, label(meaning, "small", wrap=True), None)
    card.body.setSpacing(4)
    card.setToolTip(f"The interval: {figure.method}")
    card.setAccessibleName(f"{title}: {value.text()}, {between.text()}")
    return card


def _spoken(name: str, value: float) -> str:
    return f"{value:.1%}" if "accuracy" in name else f"{value:.3f}"


def _words_of_level(name: str) -> tuple[str, str]:
    level = name.removeprefix(_LEVEL)
    return f"Accuracy, level {level}", "So many are right down to this level of the class names."
