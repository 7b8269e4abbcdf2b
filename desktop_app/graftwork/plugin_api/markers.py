"""The names under which host and plugins find each other."""

from __future__ import annotations

import pluggy

API_VERSION = 1
"""Version of this contract; a plugin names the one it was written for as ``GRAFTWORK_API``."""

ENTRY_POINT_GROUP = "graftwork.plugins"

hookspec = pluggy.HookspecMarker("graftwork")
hookimpl = pluggy.HookimplMarker("graftwork")
