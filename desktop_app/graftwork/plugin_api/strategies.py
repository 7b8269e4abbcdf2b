"""What a strategy says of itself: a generator of phases."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from .outlines import BackboneOutline, DataOutline
from .phases import AnyPhase, Augmentation, PhaseReport

HeadKind = Literal["linear", "mlp", "cosine", "hierarchical"]

Plan = Generator[AnyPhase, PhaseReport, None]


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A way to transfer: a settings model and a plan of phases.

    ``settings`` is a pydantic model whose defaults suit a person who changes nothing; the window
    draws its form from it. ``plan`` yields a phase at a time and is sent that phase's report.
    ``summary`` says in one sentence when to choose it. ``augmentation`` is what it advises where
    the user chooses nothing; ``pretrained`` is false if it wants random weights; ``head`` is the
    kind of head that it needs (None: the one that the user chooses). ``check``, where there is
    one, raises ``GraftworkError`` for settings that this backbone cannot follow, such as a stage
    that it does not have: it is asked before images are read, a plan only after.
    """

    name: str
    title: str
    summary: str
    settings: type[BaseModel]
    plan: Callable[[Any, BackboneOutline, DataOutline], Plan]
    augmentation: Augmentation = "light"
    pretrained: bool = True
    head: HeadKind | None = None
    check: Callable[[Any, BackboneOutline], None] | None = None
