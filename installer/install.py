"""Installs Graftwork for one user: an environment of its own, the command, and a menu entry.

Run it from a checkout with Python 3.11 or newer; nothing else is needed:

    python installer/install.py             installs or updates
    python installer/install.py --uninstall removes all that it made (never runs or models)
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the installation goes: the environment, the command's link, the menu entry."""

    environment: Path
    command: Path | None
    menu_entry: Path

    @property
    def programs(self) -> Path:
        """The environment's folder of programs."""
        return self.environment / ("Scripts" if os.name == "nt" else "bin")

    @property
    def program(self) -> Path:
        """The installed ``graftwork``."""
        return self.programs / ("graftwork.exe" if os.name == "nt" else "graftwork")


def places(home: Path, platform: str = sys.platform) -> Places:
    """The usual places of this platform, below the user's home folder."""
    if platform == "win32":
        roaming = home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs"
        local = home / "AppData/Local/Graftwork"
        return Places(
            environment=local / "environment", command=None, menu_entry=roaming / "Graftwork.cmd"
        )
    if platform == "darwin":
        return Places(
            environment=home / "Library/Application Support/graftwork/environment",
            command=home / ".local/bin/graftwork",
            menu_entry=home / "Applications/Graftwork.app",
        )
    return Places(
        environment=home / ".local/share/graftwork/environment",
        command=home / ".local/bin/graftwork",
        menu_entry=home / ".local/share/applications/graftwork.desktop",
    )


def install(where: Places, platform: str = sys.platform) -> None:
    """Make the environment, install the program from this checkout, and make the entries."""
    venv.create(where.environment, with_pip=True, upgrade_deps=True)
    python = where.programs / ("python.exe" if os.name == "nt" else "python")
    subprocess.run([python, "-m", "pip", "install", "--upgrade", SOURCE], check=True)
    make_entries(where, platform)


def make_entries(where: Places, platform: str = sys.platform) -> None:
    """Link the command, and write the menu entry in the platform's form."""
    if where.command is not None:
        where.command.parent.mkdir(parents=True, exist_ok=True)
        where.command.unlink(missing_ok=True)
        where.command.symlink_to(where.program)
    where.menu_entry.parent.mkdir(parents=True, exist_ok=True)
    writers = {"win32": _write_script, "darwin": _write_bundle}
    writers.get(platform, _write_desktop_entry)(where)


def uninstall(where: Places) -> None:
    """Remove what ``install`` made; runs, models and settings stay."""
    for made in filter(None, (where.environment, where.command, where.menu_entry)):
        if made.is_dir() and not made.is_symlink():
            shutil.rmtree(made)
        else:
            made.unlink(missing_ok=True)


def _write_desktop_entry(where: Places) -> None:
    """The form is freedesktop.org's Desktop Entry Specification."""
    icon = where.environment / "graftwork.svg"
    shutil.copyfile(SOURCE / "resources" / "icons" / "graftwork.svg", icon)
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        "Name=Graftwork",
        "Comment=Teach a network your own image classes",
        f'Exec="{where.program}"',
        f"Icon={icon}",
        "Categories=Science;Graphics;",
        "Terminal=false",
    )
    where.menu_entry.write_text("\n".join(lines) + "\n", "utf-8")


def _write_script(where: Places) -> None:
    where.menu_entry.write_text(f'@start "" "{where.program}"\n', "utf-8")


def _write_bundle(where: Places) -> None:
    """The smallest application bundle that the Finder starts."""
    script = where.menu_entry / "Contents/MacOS/Graftwork"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(f'#!/bin/sh\nexec "{where.program}"\n', "utf-8")
    script.chmod(0o755)


def main(words: Iterable[str] | None = None) -> None:
    """Install or uninstall, as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--uninstall", action="store_true", help="remove what was installed")
    parser.add_argument("--home", type=Path, default=Path.home(), help="the user's home folder")
    wanted = parser.parse_args(None if words is None else list(words))
    where = places(wanted.home)
    if wanted.uninstall:
        uninstall(where)
        print("Graftwork is removed; runs and models are where they were.")
    else:
        install(where)
        print(f"Graftwork is installed: start it from the menu, or with {where.program}")


if __name__ == "__main__":
    main()
