"""Picks stages of a backbone."""

from __future__ import annotations

from difflib import get_close_matches

from graftwork.plugin_api import HEAD, BackboneOutline, GraftworkError


def learnable_stages(backbone: BackboneOutline) -> tuple[str, ...]:
    """The names of the stages that have parameters, bottom first."""
    return tuple(stage.name for stage in backbone.stages if stage.parameters)


def named_stages(text: str, backbone: BackboneOutline) -> tuple[str, ...]:
    """The stages that are named in a text, with commas, bottom first; the topmost for none.

    Raises ``GraftworkError`` for a name that no stage with weights has. The head may be named.
    """
    wanted = {name.strip() for name in text.split(",")} - {"", HEAD}
    known = learnable_stages(backbone)
    unknown = sorted(wanted - set(known))
    if unknown:
        raise GraftworkError(_unknown(unknown[0], known))
    return tuple(name for name in known if name in wanted) or known[-1:]


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=2)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"No stage that can learn is called {name!r}.{hint} There are: {', '.join(known)}."
