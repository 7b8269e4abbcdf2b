"""docs/settings.md tells of every setting that there is, and of no other."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import Schedule

TEXT = (Path(__file__).parents[3] / "docs" / "settings.md").read_text("utf-8")
FIELDS = TrainingSettings.model_fields


def _rows(columns: int) -> dict[str, list[str]]:
    """The cells of each row with so many columns whose first cell is a name, by that name."""
    lines = [line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line] for line in lines if len(line) == columns]
    return {first.strip("`"): rest for first, *rest in cells}


ROWS = _rows(5)


def test_every_setting_has_a_row_and_every_row_a_setting():
    assert set(ROWS) == set(FIELDS)


def _written(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


@pytest.mark.parametrize("name", FIELDS)
def test_a_row_says_the_default_what_it_does_and_when_to_change_it(name):
    default, what, when, _ = ROWS[name]
    assert default == _written(FIELDS[name].default)
    assert len(what) > 10
    assert len(when) > 5


@pytest.mark.parametrize("name", [n for n in FIELDS if get_origin(FIELDS[n].annotation) is Literal])
def test_a_row_names_every_choice(name):
    default, *cells = ROWS[name]
    told = TEXT if name == "schedule" else cells[0]
    choices = set(get_args(FIELDS[name].annotation)) - {"auto", default}
    assert all(f"`{choice}`" in told for choice in choices), choices


def test_every_schedule_is_explained():
    assert set(_rows(4)) == set(get_args(Schedule))
