"""Puts evaluations and exports into a few lines for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .console import print_table, results, shown

if TYPE_CHECKING:
    from graftwork.evaluation.report import ClassFigures, Evaluation
    from graftwork.export.onnx_model import ExportReport

_MOST_CLASSES, _WORST_CLASSES, _MOST_CONFUSED = 60, 20, 5

_TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "tree_distance": "Tree distance",
}


def print_evaluation(evaluation: Evaluation) -> None:
    """Headline figures with their intervals, then a line for each class, or for the worst."""
    results.print(f"[bold]On {evaluation.images} images[/bold]")
    for key, figure in evaluation.figures.items():
        title = _TITLES.get(key, key.replace("_", " ").capitalize())
        interval = f"95 % interval {figure.low:.3f} to {figure.high:.3f}, {figure.method}"
        results.print(f"  {title:<18} {figure.value:.3f}  [dim]({interval})[/dim]")
    classes = _worst_of_many(evaluation.per_class)
    print_table(("Class", "Precision", "Recall", "F1", "Images"), [_row(c) for c in classes])
    if len(classes) < len(evaluation.per_class):
        many = f"{len(evaluation.per_class):,}"
        results.print(f"[dim]These {len(classes)} of {many} classes have the lowest F1.[/dim]")
    _print_confusions(evaluation)


def _worst_of_many(per_class: Sequence[ClassFigures]) -> Sequence[ClassFigures]:
    """All of them, if a person can read so many lines; of more, the worst that have images."""
    if len(per_class) <= _MOST_CLASSES:
        return per_class
    known = [figures for figures in per_class if figures.images]
    return sorted(known, key=lambda figures: figures.f1)[:_WORST_CLASSES]


def _row(figures: ClassFigures) -> tuple[str, ...]:
    """Without images there is nothing to tell of a class."""
    known = figures.precision, figures.recall, figures.f1
    said = [f"{value:.3f}" if figures.images else "–" for value in known]
    return figures.name, *said, str(figures.images)


def _print_confusions(evaluation: Evaluation) -> None:
    """The pairs of classes that were mistaken most often; of two classes, all is said already."""
    from graftwork.evaluation.confusions import confusions

    pairs = confusions(evaluation)[:_MOST_CONFUSED]
    if len(evaluation.classes) <= 2 or not pairs:
        return
    rows = [(p.label, p.predicted, f"{p.images:,} of {p.of:,}") for p in pairs]
    print_table(("Most often", "taken for", "Images"), rows)


def print_export(report: ExportReport) -> None:
    """Where the model is, and how it was proven."""
    results.print(
        f"[bold]{shown(str(report.file))}[/bold]: {report.size / 1e6:.1f} MB, the same answers "
        f"on {report.images} images (probabilities at most {report.max_difference:.1e} apart)"
    )
