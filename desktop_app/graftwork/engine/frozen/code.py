"""Tells the code of a network's parts from what it was in another version."""

from __future__ import annotations

import inspect
import sys
from functools import cache
from pathlib import Path
from typing import Any

from torch import nn

from graftwork.files import sha256_of


def code_of(network: nn.Module) -> dict[str, str]:
    """What tells the code of each kind of module in the network from another version's, by name.

    It is the version of the kind's package, and the digest of the file that defines the kind,
    since a plugin may change without a new version. What that file takes from others of its
    package is told by the version alone. Torch's own kinds have its version.
    """
    kinds: set[Any] = {type(part) for part in network.modules()}
    return {f"{kind.__module__}.{kind.__qualname__}": _code(kind) for kind in kinds}


@cache
def _code(kind: type[object]) -> str:
    """Found once: what is loaded stays what it is, also when its file changes."""
    package = kind.__module__.partition(".")[0]
    version = str(getattr(sys.modules.get(package), "__version__", ""))
    return version if package == "torch" else f"{version} {_file_digest(kind)}"


def _file_digest(kind: type[object]) -> str:
    """Empty for what was defined in no file."""
    try:
        return sha256_of(Path(inspect.getfile(kind)))
    except (OSError, TypeError):
        return ""
