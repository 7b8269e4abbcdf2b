"""The headline figures, each with its interval and what it means in plain words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QWidget

from graftwork.gui.parts.boxes import Card, clear, column
from graftwork.gui.parts.text import label

if TYPE_CHECKING:
    from graftwork.evaluation.report import Evaluation, Figure

_WORDS = {
    "balanced_accuracy": ("Balanced accuracy", "The same, with each class counting alike."),
    "macro_f1": ("Macro F1", "Finding a class and not naming it wrongly, averaged over classes."),
    "log_loss": ("Log loss", "How honest the stated confidence is; less is better."),
    "tree_distance": ("Tree distance", "Levels up to where named and true class meet, on average."),
}
_BRIER = "brier"
_LEVEL = "accuracy_level_"
_IN_A_ROW = 4


class FigureCards(QWidget):
    """One card a figure, four in a row, and a line below for ``brier``."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self.brier = label("", "small", wrap=True)
        self.setLayout(column(self._grid, self.brier))

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show the figures of this evaluation."""
        clear(self._grid)
        in_cards = [(name, each) for name, each in evaluation.figures.items() if name != _BRIER]
        for place, (name, figure) in enumerate(in_cards):
            title, meaning = _words(name, evaluation)
            self._grid.addWidget(_card(name, title, meaning, figure), *divmod(place, _IN_A_ROW))
        self._show_brier(evaluation.figures[_BRIER])

    def _show_brier(self, figure: Figure) -> None:
        self.brier.setText(
            f"Brier score: {_spoken(_BRIER, figure.value)}, {_interval(_BRIER, figure)}. "
            "The squared error of the stated probabilities, 0 to 2; less is better."
        )
        self.brier.setToolTip(_method(figure))


def _words(name: str, evaluation: Evaluation) -> tuple[str, str]:
    """A figure's title, and what it means."""
    if name == "accuracy":
        return "Accuracy", _accuracy_in_words(evaluation)
    return _WORDS.get(name) or _words_of_level(name)


def _accuracy_in_words(evaluation: Evaluation) -> str:
    """With what could be had without looking, without which an accuracy tells little."""
    images = evaluation.images
    right = round(evaluation.figures["accuracy"].value * images)
    of_class: Counter[int] = Counter()
    for true, _, counted in evaluation.confusion:
        of_class[true] += counted
    most = max(of_class.values(), default=0) / max(1, images)
    return (
        f"{right:,} of {images:,} test images named rightly. Always naming the most frequent "
        f"class: {most:.1%}."
    )


def _card(name: str, title: str, meaning: str, figure: Figure) -> Card:
    value = label(_spoken(name, figure.value), "figure")
    between = label(_interval(name, figure), "small", wrap=True)
    above, below = label(title, "muted", wrap=True), label(meaning, "small", wrap=True)
    card = Card("", above, value, between, below, None)
    card.body.setSpacing(4)
    card.setToolTip(_method(figure))
    card.setAccessibleName(f"{title}: {value.text()}, {between.text()}")
    return card


def _interval(name: str, figure: Figure) -> str:
    """Where all resamples came out alike, the ends say nothing and would look certain."""
    if figure.low == figure.high:
        return "no 95% interval: too few test images differ"
    return f"95% interval: {_spoken(name, figure.low)} to {_spoken(name, figure.high)}"


def _method(figure: Figure) -> str:
    return f"The interval: {figure.method}"


def _spoken(name: str, value: float) -> str:
    return f"{value:.1%}" if "accuracy" in name else f"{value:.3f}"


def _words_of_level(name: str) -> tuple[str, str]:
    level = name.removeprefix(_LEVEL)
    return f"Accuracy, level {level}", "So many are right down to this level of the class names."
