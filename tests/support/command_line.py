"""Calls of the command line, and what they leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What a call left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


Call = Callable[..., Outcome]

TINY: Sequence[str] = ("--backbone", "tiny", "--set", "epochs=8", "--set", "rate=0.05")


def last_document(outcome: Outcome) -> Any:
    """The JSON document on the last line."""
    return json.loads(outcome.out.strip().splitlines()[-1])
