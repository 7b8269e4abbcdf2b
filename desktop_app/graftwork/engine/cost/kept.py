"""Adds up what phases compute once and keep, where one finds what another has kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..frozen.plan import FrozenPlan
from ..frozen.probing import Boundary
from ..frozen.store import LIMIT
from .stages import StageCost, forward_seconds


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a phase keeps of so many images, or views of them: it needs the highest boundary."""

    images: int
    boundaries: Sequence[Boundary]
    augmented: bool = False

    @property
    def needed(self) -> int:
        """The stages below the boundary that the phase needs."""
        return max((boundary.stages for boundary in self.boundaries), default=0)

    @property
    def sizes(self) -> dict[tuple[int, bool], int]:
        """Bytes by the number of stages below, and whether images are augmented."""
        return {(b.stages, self.augmented): self.images * b.row_bytes for b in self.boundaries}


def kept_by(plan: FrozenPlan) -> Kept:
    """What a phase keeps by this plan."""
    boundaries = (*plan.taps, plan.boundary)
    return Kept(images=plan.images, boundaries=boundaries, augmented=plan.views is not None)


def passes_seconds(stages: Sequence[StageCost], phases: Iterable[Kept]) -> float:
    """Each phase computes what it needs from the highest boundary that one before has kept."""
    seconds, found = 0.0, set[tuple[int, bool]]()
    for kept in phases:
        below = (n for n, augmented in found if augmented == kept.augmented and n <= kept.needed)
        seconds += kept.images * forward_seconds(stages[max(below, default=0) : kept.needed])
        found.update(kept.sizes)
    return seconds


def cache_bytes(phases: Sequence[Kept]) -> float:
    """What all phases keep at most: the cache's limit, or what one of them needs beyond it."""
    most: dict[tuple[int, bool], int] = {}
    for kept in phases:
        for what, size in kept.sizes.items():
            most[what] = max(size, most.get(what, 0))
    largest = max((sum(kept.sizes.values()) for kept in phases), default=0)
    return max(largest, min(sum(most.values()), LIMIT))
