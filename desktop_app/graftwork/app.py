"""Puts the parts together: plugins, the store of runs, and the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graftwork.runs.workshop import Workshop


def make_workshop() -> Workshop:
    """Load the plugins and open the store of runs."""
    from graftwork.paths import runs_folder
    from graftwork.plugin_host.loading import load_plugins
    from graftwork.runs.store import RunStore
    from graftwork.runs.workshop import Workshop

    return Workshop(load_plugins(), RunStore(runs_folder()))


def open_window() -> int:
    """Open the window, wait until it is closed, and give the exit code.

    Everything but the window itself is made after it is on the screen.
    """
    from graftwork.gui.start import run_window

    return run_window(make_workshop)
