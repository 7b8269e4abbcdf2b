"""Maps: their bounds, what domains allow, and the way they are composed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.data.augmentation.geometry import affine, drawn_maps, rotation
from graftwork.data.augmentation.recipe import DOMAINS, LEVELS, Level, Recipe
from graftwork.data.augmentation.seeds import Draws

LEVEL_NAMES = st.sampled_from(["light", "strong"])
SEEDS = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=20)
MANY = Draws(range(2000))


def recipe(level, domain):
    return Recipe(level=LEVELS[level], rules=DOMAINS[domain])


def angles(maps):
    """Of the way in which the changed image's x axis points, in degrees."""
    return np.rad2deg(np.arctan2(maps[:, 1, 0], maps[:, 0, 0]))


@given(LEVEL_NAMES, SEEDS)
def test_documents_are_neither_mirrored_nor_turned_far(level, seeds):
    maps = drawn_maps(recipe(level, "documents"), Draws(seeds))
    assert (np.linalg.det(maps) > 0).all()
    assert np.abs(angles(maps)).max() <= LEVELS[level].turn + 1e-9


@given(LEVEL_NAMES, st.sampled_from(list(DOMAINS)), SEEDS)
def test_the_part_that_is_shown_keeps_its_bounds_and_lies_inside(level, domain, seeds):
    """Without the turn, the corners of what is shown are inside the image."""
    chosen = recipe(level, domain)
    maps = drawn_maps(chosen, Draws(seeds))
    area = np.abs(np.linalg.det(maps[:, :2, :2]))
    assert (area <= 1 + 1e-9).all()
    # A side that reaches the image's own length is cut, which takes from the area.
    assert (area >= chosen.level.area / chosen.level.stretch - 1e-9).all()
    lengths = np.linalg.norm(maps[:, :2, :2], axis=1)
    middles = np.linalg.norm(maps[:, :2, 2], axis=1)
    assert (lengths <= 1 + 1e-9).all()
    assert (middles <= np.hypot(*(1 - lengths).T) + 1e-9).all()


def test_an_image_that_may_turn_turns_to_both_sides_alike():
    turned = angles(drawn_maps(recipe("light", "documents"), MANY))
    assert turned.min() < -9.9
    assert turned.max() > 9.9
    assert abs(turned.mean()) < 0.5


def zooms():
    """Maps that nothing turns or mirrors."""
    level = Level(turn=0, area=0.75, stretch=1.1)
    return drawn_maps(Recipe(level=level, rules=DOMAINS["documents"]), MANY)


def test_the_part_that_is_shown_is_stretched_both_ways():
    stretch = np.log(zooms()[:, 0, 0] / zooms()[:, 1, 1])
    assert stretch.min() == pytest.approx(-np.log(1.1), abs=0.005)
    assert stretch.max() == pytest.approx(np.log(1.1), abs=0.005)
    assert stretch.std() == pytest.approx(0.052, abs=0.005)
    assert abs(stretch.mean()) < 0.005


def test_the_part_that_is_shown_lies_anywhere_across_and_down():
    across, down = zooms()[:, :2, 2].T
    assert abs(np.corrcoef(across, down)[0, 1]) < 0.1
    for place in (across, down):
        assert place.min() < -0.12
        assert place.max() > 0.12
        assert abs(place.mean()) < 0.01


def test_photographs_are_mirrored_half_the_time_and_turned_a_little():
    maps = drawn_maps(recipe("light", "photographs"), MANY)
    mirrored = np.linalg.det(maps) < 0
    assert mirrored.mean() == pytest.approx(0.5, abs=0.05)
    assert (maps[:, 1, 1] > 0.5).all()  # down stays down
    assert ((maps[:, 0, 0] < 0) == mirrored).all()


def test_microscopy_is_mirrored_and_turned_to_every_side():
    maps = drawn_maps(recipe("light", "microscopy"), MANY)
    assert (np.linalg.det(maps) < 0).mean() == pytest.approx(0.5, abs=0.05)
    counts, _ = np.histogram(angles(maps), bins=8, range=(-180, 180))
    assert counts.min() > 250 * 0.7


def test_a_rotation_by_a_right_angle_leads_axes_to_axes():
    turned = rotation(np.array([90.0]))[0]
    np.testing.assert_allclose(turned @ [1, 0, 1], [0, 1, 1], atol=1e-15)
    np.testing.assert_allclose(turned @ [0, 1, 1], [-1, 0, 1], atol=1e-15)


def test_an_affine_map_holds_what_it_is_given():
    made = affine(2, xx=np.array([2.0, 3.0]), y=0.5)
    assert made[1].tolist() == [[3, 0, 0], [0, 1, 0.5], [0, 0, 1]]
    assert made[0, 0, 0] == 2
