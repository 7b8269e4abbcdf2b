"""Where files live: one place for each kind, all under GRAFTWORK_HOME if that is set."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def _folder(default: Path, name: str) -> Path:
    home = os.environ.get("GRAFTWORK_HOME")
    folder = Path(home) / name if home else default / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def runs_folder() -> Path:
    """The folder that holds one folder for each run, and their index."""
    return _folder(platformdirs.user_data_path("graftwork", appauthor=False), "runs")


def weights_folder() -> Path:
    """The folder that keeps downloaded and imported weights."""
    return _folder(platformdirs.user_cache_path("graftwork", appauthor=False), "weights")


def pixels_folder() -> Path:
    """The folder that keeps decoded images."""
    return _folder(platformdirs.user_cache_path("graftwork", appauthor=False), "pixels")


def activations_folder() -> Path:
    """The folder that keeps what frozen stages gave for images."""
    return _folder(platformdirs.user_cache_path("graftwork", appauthor=False), "activations")


def settings_file() -> Path:
    """The file of the user's settings (it need not exist)."""
    config = platformdirs.user_config_path("graftwork", appauthor=False)
    return _folder(config, "settings") / "settings.json"


def resources_folder() -> Path:
    """The icons, style and other files that come with the program."""
    installed = Path(__file__).parent / "resources"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "resources"
