from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graftwork.engine.loss.sampling import epoch_order

LABELS = torch.tensor(40 * [0] + 8 * [1] + 2 * [3])
lists_of_labels = st.lists(st.integers(0, 6), min_size=1, max_size=200).map(torch.tensor)


def test_shuffled_visits_each_image_once_in_another_order_for_another_seed():
    first, again, other = (epoch_order(LABELS, "shuffled", seed).tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(first) == list(range(50))


@pytest.mark.parametrize("sampling", ["shuffled", "balanced"])
def test_the_common_random_numbers_are_left_alone(sampling):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    epoch_order(LABELS, sampling, 3)
    assert torch.equal(torch.get_rng_state(), before)


@given(labels=lists_of_labels, seed=st.integers(0, 2**63 - 1))
def test_balanced_keeps_the_length_and_shows_classes_equally_often(labels, seed):
    order = epoch_order(labels, "balanced", seed)
    seen = Counter(labels[order].tolist())
    assert len(order) == len(labels)
    assert set(seen) == set(labels.tolist())
    assert max(seen.values()) - min(seen.values()) <= 1


@given(labels=lists_of_labels, seed=st.integers(0, 2**63 - 1))
def test_no_image_repeats_before_all_of_its_class_were_seen(labels, seed):
    visits = torch.bincount(epoch_order(labels, "balanced", seed), minlength=len(labels))
    for label in labels.unique():
        of_class = visits[labels == label]
        assert int(of_class.max() - of_class.min()) <= 1


def test_balanced_differs_from_seed_to_seed_in_images_and_in_order():
    orders = [epoch_order(LABELS, "balanced", seed) for seed in (1, 1, 2)]
    assert torch.equal(orders[0], orders[1])
    frequent = [set(order[LABELS[order] == 0].tolist()) for order in orders]
    assert frequent[0] != frequent[2]


def test_over_many_epochs_every_image_of_a_class_comes_up_alike():
    """Class 0 has 40 images for 16 or 17 places: each should have 5/12 of the epochs."""
    orders = [epoch_order(LABELS, "balanced", seed) for seed in range(600)]
    visits = torch.bincount(torch.cat(orders), minlength=50)[:40].double() / 600
    assert visits.mean() == pytest.approx(50 / 3 / 40, abs=0.005)
    assert (visits - visits.mean()).abs().max() < 4.5 * (5 / 12 * 7 / 12 / 600) ** 0.5


def test_classes_are_mixed_through_the_epoch():
    order = epoch_order(LABELS, "balanced", 4)
    first, second = LABELS[order].chunk(2)
    assert set(first.tolist()) == set(second.tolist()) == {0, 1, 3}
