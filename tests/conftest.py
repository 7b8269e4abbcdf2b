"""Fixtures that every test may use."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for each test, so that no test sees another's runs or caches."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GRAFTWORK_HOME", str(folder))
    return folder
