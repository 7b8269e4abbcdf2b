"""What may be changed in an image without changing what it shows; read without torch."""

from __future__ import annotations

from typing import Literal, Protocol

Domain = Literal["documents", "photographs", "microscopy"]
"""Nothing is mirrored; left and right are alike; every rotation is the same."""

Policy = Literal["none", "trivial-augment", "rand-augment"]


class AugmentationWishes(Protocol):
    """What the user sets beside the level; ``AugmentationSettings`` is one."""

    @property
    def domain(self) -> Domain:
        """What kind of images they are."""

    @property
    def policy(self) -> Policy:
        """Which further changes are drawn; none: the level's own."""

    @property
    def erasing(self) -> float:
        """The part of the images, 0 to 1, from which a patch is erased, at least."""
