from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from graftwork.engine.loss.class_balance import class_weights, log_prior

COUNTS = torch.tensor([900, 90, 10])


def test_inverse_is_scikit_learns_balanced():
    labels = np.repeat([0, 1, 2], COUNTS.numpy())
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert class_weights("inverse", COUNTS).numpy() == pytest.approx(theirs)


def test_effective_number_as_the_sum_that_it_is():
    """E = 1 + b + b^2 + ... + b^(n - 1), as section 3 of the paper derives it."""
    effective = np.array([sum(0.999**power for power in range(n)) for n in COUNTS.tolist()])
    weights = class_weights("effective-number", COUNTS).numpy()
    assert weights * effective == pytest.approx(weights[0] * effective[0])
    assert (weights * COUNTS.numpy()).sum() == pytest.approx(1000)


def test_effective_number_lies_between_alike_and_inverse():
    mild, full = (class_weights(kind, COUNTS) for kind in ("effective-number", "inverse"))
    assert 1 < mild[2] / mild[0] < full[2] / full[0]


@given(
    counts=st.lists(st.integers(0, 10_000), min_size=2, max_size=20).filter(any),
    kind=st.sampled_from(["none", "inverse", "effective-number"]),
)
def test_the_mean_over_images_is_one_and_nothing_is_infinite(counts, kind):
    numbers = torch.tensor(counts)
    weights = class_weights(kind, numbers)
    assert torch.isfinite(weights).all()
    assert (weights > 0).all()
    assert float((weights * numbers).sum() / numbers.sum()) == pytest.approx(1, rel=1e-5)


def test_prior_is_how_often_a_class_comes_up():
    assert log_prior(COUNTS).exp().tolist() == pytest.approx([0.9, 0.09, 0.01])


def test_a_class_without_images_counts_as_if_it_had_one():
    assert log_prior(torch.tensor([8, 0, 1])).exp().tolist() == pytest.approx([0.8, 0.1, 0.1])
    weights = class_weights("inverse", torch.tensor([8, 0, 1]))
    assert weights[1] == weights[2]
