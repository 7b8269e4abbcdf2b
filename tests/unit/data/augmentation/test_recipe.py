"""What each level and each domain come to."""

from __future__ import annotations

import pytest

from graftwork.data.augmentation.recipe import (
    DOMAINS,
    LEVELS,
    DomainRules,
    Level,
    recipe_for,
)
from graftwork.engine.training_settings import AugmentationSettings


def recipe(level, **wishes):
    return recipe_for(level, AugmentationSettings(**wishes))


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("none", Level(turn=0, area=1, stretch=1, color=0, policy="none", erasing=0)),
        ("light", Level(turn=10, area=0.75, stretch=1.1, color=0.2, policy="none", erasing=0)),
        (
            "strong",
            Level(
                turn=10, area=0.4, stretch=4 / 3, color=0.2, policy="trivial-augment", erasing=0.25
            ),
        ),
    ],
)
def test_a_level_goes_as_far_as_its_table_in_the_documentation(name, level):
    assert LEVELS[name] == level


PUBLISHED = {"policy_turn": 135, "policy_shear": 0.99, "border": "reflection"}
BOUNDED = {"policy_turn": 15, "policy_shear": 0.2, "border": "border"}


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("documents", DomainRules(mirrored=False, every_angle=False, **BOUNDED)),
        ("photographs", DomainRules(mirrored=True, every_angle=False, **PUBLISHED)),
        ("microscopy", DomainRules(mirrored=True, every_angle=True, **PUBLISHED)),
    ],
)
def test_a_domain_allows_what_its_table_in_the_documentation_says(name, rules):
    assert DOMAINS[name] == rules


def test_the_level_none_changes_nothing_by_itself():
    assert recipe("none").changes_nothing
    assert not recipe("none", domain="microscopy").moves


@pytest.mark.parametrize("wishes", [{"policy": "rand-augment"}, {"erasing": 0.1}])
def test_the_level_none_still_follows_the_users_wishes(wishes):
    assert not recipe("none", **wishes).changes_nothing


def test_erasing_alone_moves_and_colors_nothing():
    chosen = recipe("none", erasing=0.5)
    assert not chosen.moves
    assert not chosen.colors


@pytest.mark.parametrize(
    ("level", "wished", "policy"),
    [
        ("light", "none", "none"),
        ("light", "rand-augment", "rand-augment"),
        ("strong", "none", "trivial-augment"),
        ("strong", "rand-augment", "rand-augment"),
    ],
)
def test_the_users_policy_takes_the_place_of_the_levels(level, wished, policy):
    assert recipe(level, policy=wished).level.policy == policy


@pytest.mark.parametrize(
    ("level", "wished", "erasing"),
    [("light", 0.0, 0.0), ("light", 0.1, 0.1), ("strong", 0.1, 0.25), ("strong", 0.5, 0.5)],
)
def test_at_least_as_much_is_erased_as_the_user_wishes(level, wished, erasing):
    assert recipe(level, erasing=wished).level.erasing == erasing
