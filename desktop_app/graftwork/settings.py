"""What the user has chosen for the program itself, in one JSON file.

It is read before the window is painted, and therefore by the standard library alone.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from graftwork.files import write_text

Theme = Literal["system", "light", "dark"]

SETTINGS_VERSION = 1

_log = logging.getLogger(__name__)


@dataclass
class Settings:
    """Choices that outlive the program; none of them decides a result.

    ``window_geometry`` is what Qt saves of a window's place, in base 64. Setting what cannot be
    raises ``ValueError``; a path may be given as a text.
    """

    version: int = SETTINGS_VERSION
    theme: Theme = "system"
    window_geometry: str | None = None
    last_folder: Path | None = None
    export_folder: Path | None = None
    backbone: str | None = None
    strategy: str | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a choice; raises ``ValueError`` if it is none."""
        if name not in _CHECKS:
            msg = "there is no such setting"
            raise ValueError(msg)
        object.__setattr__(self, name, _CHECKS[name](value))


def load_settings(file: Path) -> Settings:
    """The settings in this file; what is missing or bad has its default, with a warning logged."""
    settings = Settings()
    for key, value in _read(file).items():
        try:
            setattr(settings, key, value)
        except ValueError as error:
            _log.warning("Setting %r in %s is left aside: %s", key, file, error)
    return settings


def save_settings(settings: Settings, file: Path) -> None:
    """Write the settings so that the file is always whole, the old or the new."""
    write_text(file, json.dumps(asdict(settings), indent=2, default=str))


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


def _one_of(*choices: object) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if value in choices:
            return value
        msg = f"it should be one of {', '.join(map(str, choices))}"
        raise ValueError(msg)

    return check


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    msg = "it should be a text"
    raise ValueError(msg)


def _path(value: Any) -> Path | None:
    if isinstance(value, Path):
        return value
    text = _text(value)
    return None if text is None else Path(text)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "version": _one_of(SETTINGS_VERSION),
    "theme": _one_of(*get_args(Theme)),
    "window_geometry": _text,
    "last_folder": _path,
    "export_folder": _path,
    "backbone": _text,
    "strategy": _text,
}
