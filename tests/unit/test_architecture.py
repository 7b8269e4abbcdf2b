"""The architecture holds: layers, and what starts without what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_layers_are_kept():
    """The contracts of pyproject.toml, as ``lint-imports`` checks them."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "graftwork.plugin_api",
        "graftwork.plugin_host.loading",
        "graftwork.data.decoding",
        "graftwork.data.catalog",
        "graftwork.engine.history",
        "graftwork.engine.weights",
        "graftwork.runs.workshop",
        "graftwork.evaluation.report",
        "graftwork.export.predict",
        "graftwork.cli.main",
        "graftwork.gui.start",
        "graftwork_backbones",
        "graftwork_strategies",
        "graftwork_datasets",
    ],
)
def test_it_is_imported_without_torch(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_folder_of_the_source_says_what_it_is_for():
    for package in (ROOT / "desktop_app").rglob("__init__.py"):
        sentence = package.read_text("utf-8").split('"""')[1]
        assert sentence.endswith("."), package
        assert len(sentence) > 20, package
