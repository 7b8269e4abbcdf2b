"""What each level and each domain come to."""

from __future__ import annotations

import pytest

from graftwork.data.augmentation.recipe import recipe_for
from graftwork.engine.training_settings import AugmentationSettings


def recipe(level, **wishes):
    return recipe_for(level, AugmentationSettings(**wishes))


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
