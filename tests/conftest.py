"""Fixtures that every test may use."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Networks are tiny, and several processes test at once: threads of one would wait for others.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest

import graftwork_backbones
import graftwork_datasets
import graftwork_strategies
from graftwork.plugin_host.loading import build_registry
from graftwork.plugin_host.registry import Registry
from support import tiny
from support.images import make_folder


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for each test, so that no test sees another's runs or caches."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GRAFTWORK_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The built-in plugins and a tiny backbone, loaded as plugins are."""
    return build_registry(
        [
            ("tiny", tiny.PLUGIN),
            ("backbones", graftwork_backbones),
            ("strategies", graftwork_strategies),
            ("datasets", graftwork_datasets),
        ]
    )


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of three classes of twelve small images."""
    return make_folder(tmp_path / "images")
