"""What tests of runs share."""

from __future__ import annotations

from pathlib import Path

import pytest

from graftwork.plugin_host.registry import Registry
from graftwork.runs.store import RunStore
from graftwork.runs.workshop import Workshop


@pytest.fixture
def workshop(registry: Registry, tmp_path: Path) -> Workshop:
    """A workshop with all built-in plugins and the tiny backbone, and no run yet."""
    return Workshop(registry, RunStore(tmp_path / "runs"))
