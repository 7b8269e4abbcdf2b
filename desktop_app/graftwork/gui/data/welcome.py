"""What the Data page shows while nothing is open; light, because it is painted first of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graftwork.gui.parts.buttons import button
from graftwork.gui.parts.drop_area import DropArea

if TYPE_CHECKING:
    from .open_actions import OpenActions

NOTHING_OPEN = "Open the images that you want a network to tell apart."
_HINT = (
    "A good folder holds one folder for each class, named as the class, with its images "
    "inside. Some twenty images a class are enough to begin with. A table (CSV or TSV) with a "
    "column of paths and a column of classes does as well. Your files are never changed."
)


def welcome(opening: OpenActions | None) -> DropArea:
    """What the window shows first; with nothing to open things with, its buttons rest."""
    folder = opening.ask_for_folder if opening else _nothing
    table = opening.ask_for_table if opening else _nothing
    buttons = [
        button("Open a folder…", folder, kind="primary", picture="folder"),
        button("Open a table…", table, picture="table"),
    ]
    for each in buttons:
        each.setEnabled(opening is not None)
    return DropArea("image", "Drop a folder of images here", _HINT, buttons)


def _nothing() -> None:
    """What a button that rests does."""
