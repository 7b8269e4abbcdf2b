"""What the user has chosen for the program itself, in one JSON file."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graftwork.files import write_text

Theme = Literal["system", "light", "dark"]

SETTINGS_VERSION = 1

_log = logging.getLogger(__name__)


class Settings(BaseModel):
    """Choices that outlive the program; none of them decides a result.

    ``window_geometry`` is what Qt saves of a window's place, in base 64.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    version: int = Field(default=SETTINGS_VERSION, ge=1, le=SETTINGS_VERSION)
    theme: Theme = "system"
    window_geometry: str | None = None
    last_folder: Path | None = None
    export_folder: Path | None = None
    backbone: str | None = None
    strategy: str | None = None


def load_settings(file: Path) -> Settings:
    """The settings in this file; what is missing or bad has its default, with a warning logged."""
    return _without_bad_keys(_read(file), file)


def save_settings(settings: Settings, file: Path) -> None:
    """Write the settings so that the file is always whole, the old or the new."""
    write_text(file, settings.model_dump_json(indent=2))


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning("The settings in %s cannot be read and are left aside: %s", file, error)
        return {}
    if isinstance(found, dict):
        return found
    _log.warning("The settings in %s are not a JSON object and are left aside", file)
    return {}


def _without_bad_keys(values: dict[str, Any], file: Path) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        bad = {str(problem["loc"][0]): problem["msg"] for problem in error.errors()}
    for key, reason in bad.items():
        _log.warning("Setting %r in %s is left aside: %s", key, file, reason)
    return Settings.model_validate({k: v for k, v in values.items() if k not in bad})
