"""How each class fares, sortable by any figure."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from graftwork.gui.parts.table import Column, RecordTable


def class_table() -> RecordTable:
    """A table for the ``ClassFigures`` of an evaluation."""
    columns = [
        Column(heading="Class", text=attrgetter("name"), stretch=True),
        Column(
            heading="Test images",
            text=lambda figures: f"{figures.images:,}",
            key=attrgetter("images"),
            right=True,
        ),
        _figure("Found (recall)", "recall", "{:.1%}"),
        _figure("Right when named (precision)", "precision", "{:.1%}"),
        _figure("F1", "f1", "{:.3f}"),
    ]
    return RecordTable("Figures of each class", columns)


def _figure(heading: str, name: str, form: str) -> Column:
    read: Callable[[object], float] = attrgetter(name)
    return Column(
        heading=heading,
        text=lambda figures: form.format(read(figures)) if figures.images else "–",
        key=lambda figures: read(figures) if figures.images else float("inf"),
        right=True,
    )
