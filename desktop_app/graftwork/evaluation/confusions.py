"""Which classes were taken for which others, the pair with the most images first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .report import Evaluation


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """So many ``images`` of the class ``label``, of ``of`` that it has, named ``predicted``."""

    label: str
    predicted: str
    images: int
    of: int

    @property
    def share(self) -> float:
        """The part of the class's images, 0 to 1."""
        return self.images / self.of


def confusions(evaluation: Evaluation) -> list[Confusion]:
    """All pairs of unlike classes that occur; of equal numbers, the greater part comes first."""
    of: Counter[int] = Counter()
    for true, _, images in evaluation.confusion:
        of[true] += images
    names = evaluation.classes
    found = [
        Confusion(label=names[true], predicted=names[said], images=images, of=of[true])
        for true, said, images in evaluation.confusion
        if true != said
    ]
    return sorted(found, key=lambda one: (-one.images, -one.share))
