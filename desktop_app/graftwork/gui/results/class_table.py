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
        _percent("Found (recall)", "recall"),
        _percent("Right when named (precision)", "precision"),
        _percent("F1", "f1"),
    ]
    return RecordTable("Figures of each class", columns)


def _percent(heading: str, name: str) -> Column:
    read: Callable[[object], float] = attrgetter(name)
    return Column(
        heading=heading,
        text=lambda figures: f"{read(figures):.1%}" if figures.images else "–",
        key=lambda figures: read(figures) if figures.images else float("inf"),
        right=True,
    )
