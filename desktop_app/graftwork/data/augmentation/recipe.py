"""How far each level goes, and what each domain allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from graftwork.data.domains import AugmentationWishes, Domain, Policy
from graftwork.plugin_api import Augmentation

Border = Literal["border", "reflection"]
"""What lies beyond an image, in the words of ``grid_sample``: its last pixel, or its mirror."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """How far the changes go; a level without a turn, a zoom or colors leaves them alone.

    ``turn`` is in degrees, both ways; ``area`` the smallest part of the image that is still
    shown; ``stretch`` the greatest ratio by which sides change; ``color`` the part by which
    brightness, contrast and saturation rise or fall at most.
    """

    turn: float = 0.0
    area: float = 1.0
    stretch: float = 1.0
    color: float = 0.0
    policy: Policy = "none"
    erasing: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DomainRules:
    """What leaves an image's meaning alone.

    ``policy_turn`` (degrees) and ``policy_shear`` bound what a policy may do.
    """

    mirrored: bool
    every_angle: bool
    policy_turn: float
    policy_shear: float
    border: Border


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that is drawn for an image: the level as the user changed it, within the rules."""

    level: Level
    rules: DomainRules

    @property
    def zooms(self) -> bool:
        """Whether the level itself moves images: then domains may also mirror and turn them."""
        return self.level.area < 1

    @property
    def moves(self) -> bool:
        """Whether images are resampled."""
        return self.zooms or self.level.policy != "none"

    @property
    def colors(self) -> bool:
        """Whether brightness, contrast or saturation change."""
        return self.level.color > 0 or self.level.policy != "none"

    @property
    def changes_nothing(self) -> bool:
        """Whether every image stays as it is."""
        return not (self.moves or self.colors or self.level.erasing)


LEVELS: dict[Augmentation, Level] = {
    "none": Level(),
    "light": Level(turn=10, area=0.75, stretch=1.1, color=0.2),
    "strong": Level(
        turn=10, area=0.4, stretch=4 / 3, color=0.2, policy="trivial-augment", erasing=0.25
    ),
}

DOMAINS: dict[Domain, DomainRules] = {
    "documents": DomainRules(
        mirrored=False, every_angle=False, policy_turn=15, policy_shear=0.2, border="border"
    ),
    "photographs": DomainRules(
        mirrored=True, every_angle=False, policy_turn=135, policy_shear=0.99, border="reflection"
    ),
    "microscopy": DomainRules(
        mirrored=True, every_angle=True, policy_turn=135, policy_shear=0.99, border="reflection"
    ),
}


def recipe_for(level: Augmentation, wishes: AugmentationWishes) -> Recipe:
    """The level with the user's policy in place of its own, and at least the user's erasing."""
    chosen = LEVELS[level]
    policy = chosen.policy if wishes.policy == "none" else wishes.policy
    erasing = max(chosen.erasing, wishes.erasing)
    return Recipe(
        level=replace(chosen, policy=policy, erasing=erasing), rules=DOMAINS[wishes.domain]
    )
