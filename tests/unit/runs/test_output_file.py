"""Names of files that are written for the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from graftwork.runs.errors import OutputFileError
from graftwork.runs.output_file import refuse_other_ending


@pytest.mark.parametrize("name", ["found.csv", "FOUND.CSV", "found.Json"])
def test_an_ending_may_be_in_capital_letters(name: str) -> None:
    refuse_other_ending(Path(name), ".csv", ".json")


@pytest.mark.parametrize("name", ["photo.JPG", "csv", "found.csv.png"])
def test_another_ending_is_refused_with_those_that_are_written(name: str) -> None:
    with pytest.raises(OutputFileError, match=r"must end in \.csv or \.json"):
        refuse_other_ending(Path(name), ".csv", ".json")
