from __future__ import annotations

import torch

from graftwork.engine.learning.balanced import balanced_places, places_of_each_class

LABELS = torch.tensor([0, 0, 2] * 20 + [1, 0] * 3 + [0] * 7)


def _counts(places):
    return torch.bincount(LABELS[places], minlength=3).tolist()


def test_of_each_class_as_many_as_it_has():
    assert _counts(places_of_each_class(LABELS, 5, 0)) == [5, 3, 5]
    assert _counts(places_of_each_class(LABELS, 100, 0)) == [50, 3, 20]


def test_a_number_in_all_is_spread_evenly():
    assert _counts(balanced_places(LABELS, 9, 0)) == [3, 3, 3]
    assert _counts(balanced_places(LABELS, 23, 0)) == [10, 3, 10]
    assert _counts(balanced_places(LABELS, 1000, 0)) == [50, 3, 20]


def test_fewer_than_classes_are_drawn_from_any_of_them():
    labels = torch.arange(100)
    drawn = {tuple(balanced_places(labels, 2, seed).tolist()) for seed in range(20)}
    assert len(drawn) > 15
    assert max(max(places) for places in drawn) > 60


def test_places_are_different_ascending_and_decided_by_the_seed():
    for draw in (balanced_places, places_of_each_class):
        places = draw(LABELS, 12, 4)
        assert torch.equal(places, places.unique())
        assert torch.equal(places, draw(LABELS, 12, 4))
        assert not torch.equal(places, draw(LABELS, 12, 5))
