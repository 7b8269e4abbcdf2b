"""The installer's entries, made beside an environment that exists already."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "installer" / "install.py"


@pytest.fixture(scope="module")
def installer():
    spec = importlib.util.spec_from_file_location("graftwork_installer", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def where(installer, tmp_path):
    """Places whose environment is a link to the one that runs the tests."""
    found = installer.places(tmp_path, "linux")
    found.programs.mkdir(parents=True)
    found.program.symlink_to(Path(sys.executable).parent / "graftwork")
    return found


@pytest.mark.skipif(os.name == "nt", reason="links and shell scripts")
def test_the_linked_command_runs_the_program(installer, where):
    installer.make_entries(where, "linux")
    done = subprocess.run(
        [where.command, "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("graftwork ")


def test_the_menu_entry_names_a_program_and_an_icon_that_exist(installer, where):
    installer.make_entries(where, "linux")
    lines = where.menu_entry.read_text("utf-8").splitlines()
    assert lines[0] == "[Desktop Entry]"
    entry = dict(line.split("=", 1) for line in lines[1:])
    assert Path(shlex.split(entry["Exec"])[0]).exists()
    assert Path(entry["Icon"]).read_bytes().lstrip().startswith(b"<")


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_the_mac_bundle_starts_the_program(installer, where):
    installer.make_entries(where, "darwin")
    script = where.menu_entry / "Contents/MacOS/Graftwork"
    assert os.access(script, os.X_OK)
    assert str(where.program) in script.read_text("utf-8")


def test_the_windows_entry_starts_the_program(installer, where):
    installer.make_entries(where, "win32")
    assert str(where.program) in where.menu_entry.read_text("utf-8")


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_uninstalling_leaves_nothing_of_it_and_everything_else(installer, tmp_path, platform):
    where = installer.places(tmp_path, platform)
    where.programs.mkdir(parents=True)
    where.program.touch()
    runs = tmp_path / ".local/share/graftwork/runs"
    runs.mkdir(parents=True)
    installer.make_entries(where, platform)
    installer.uninstall(where)
    assert not where.environment.exists()
    assert not where.menu_entry.exists()
    assert where.command is None or not where.command.is_symlink()
    assert runs.is_dir()
