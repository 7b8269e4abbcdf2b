"""Puts evaluations and exports into a few lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .console import print_table, results, shown

if TYPE_CHECKING:
    from graftwork.evaluation.report import ClassFigures, Evaluation
    from graftwork.export.onnx_model import ExportReport

_TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "tree_distance": "Tree distance",
}


def print_evaluation(evaluation: Evaluation) -> None:
    """Headline figures with their intervals, then a line for each class."""
    results.print(f"[bold]On {evaluation.images} images[/bold]")
    for key, figure in evaluation.figures.items():
        title = _TITLES.get(key, key.replace("_", " ").capitalize())
        interval = f"95 % interval {figure.low:.3f} to {figure.high:.3f}, {figure.method}"
        results.print(f"  {title:<18} {figure.value:.3f}  [dim]({interval})[/dim]")
    print_table(
        ("Class", "Precision", "Recall", "F1", "Images"), [_row(c) for c in evaluation.per_class]
    )


def _row(figures: ClassFigures) -> tuple[str, ...]:
    """Without images there is nothing to tell of a class."""
    known = figures.precision, figures.recall, figures.f1
    said = [f"{value:.3f}" if figures.images else "–" for value in known]
    return figures.name, *said, str(figures.images)


def print_export(report: ExportReport) -> None:
    """Where the model is, and how it was proven."""
    results.print(
        f"[bold]{shown(str(report.file))}[/bold]: {report.size / 1e6:.1f} MB, the same answers "
        f"on {report.images} images (probabilities at most {report.max_difference:.1e} apart)"
    )
