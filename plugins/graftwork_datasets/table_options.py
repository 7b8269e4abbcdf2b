"""What a user can say of a table of images."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from .table_text import Delimiter, Header


class TableOptions(BaseModel):
    """How a table is read; each has a default that suits usual tables."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    path_column: str | None = Field(
        default=None,
        description="Column of the image's path: its name, or its number from 1; "
        "none: one called path, file, filename or image",
    )
    label_column: str | None = Field(
        default=None,
        description="Column of the class: its name, or its number from 1; "
        "none: one called label, class, category or species",
    )
    part_column: str | None = Field(
        default=None,
        description="Column that says train, val or test: its name, or its number from 1; "
        "none: one called part, split or subset, if there is one",
    )
    group_column: str | None = Field(
        default=None,
        description="Column that names what belongs together and must not be split "
        "(a film, a patient): its name, or its number from 1",
    )
    delimiter: Delimiter = Field(default="auto", description="What stands between the columns")
    header: Header = Field(
        default="auto",
        description="Whether the first row names the columns; auto: yes unless it names an image",
    )
    root: Path | None = Field(
        default=None,
        description="Folder that paths start from, itself taken from the table's folder; "
        "none: the table's own folder",
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="Class name for each label that is used, such as 0: good, 1: broken; rows with "
        "other labels are left out; empty: every label is a class",
    )
