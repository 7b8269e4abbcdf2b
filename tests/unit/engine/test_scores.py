from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, recall_score

from graftwork.engine.scores import Scores, ScoreTally, scores

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40)


@given(pairs)
def test_figures_are_those_of_scikit_learn_over_the_classes_that_are_there(drawn):
    labels, predicted = np.array(drawn).T
    present = sorted(set(labels))
    found = scores(labels, predicted, loss=0.5, brier=0.25)
    assert found.accuracy == pytest.approx(accuracy_score(labels, predicted))
    recall = recall_score(labels, predicted, labels=present, average="macro", zero_division=0)
    f1 = f1_score(labels, predicted, labels=present, average="macro", zero_division=0)
    assert found.balanced_accuracy == pytest.approx(recall)
    assert found.macro_f1 == pytest.approx(f1)


@pytest.mark.parametrize("metric", ["accuracy", "balanced-accuracy", "macro-f1"])
def test_the_lower_loss_wins_at_a_tie(metric):
    better = Scores(loss=0.1, brier=0.2, accuracy=0.9, balanced_accuracy=0.9, macro_f1=0.9)
    worse = Scores(loss=0.2, brier=0.1, accuracy=0.9, balanced_accuracy=0.9, macro_f1=0.9)
    assert better.rank(metric) > worse.rank(metric)


def test_by_loss_a_lower_loss_ranks_higher_whatever_the_accuracy():
    lower = Scores(loss=0.1, brier=0.2, accuracy=0.1, balanced_accuracy=0.1, macro_f1=0.1)
    higher = Scores(loss=0.2, brier=0.1, accuracy=0.9, balanced_accuracy=0.9, macro_f1=0.9)
    assert lower.rank("loss") > higher.rank("loss")
    assert lower.rank("brier") < higher.rank("brier")


def test_the_brier_score_is_the_mean_squared_error_of_probabilities():
    logits, labels = (
        torch.randn(7, 4, generator=torch.Generator().manual_seed(0)),
        torch.arange(7) % 4,
    )
    tally = ScoreTally()
    for rows in (slice(0, 3), slice(3, 7)):
        tally.add(logits[rows], labels[rows])
    wanted = (logits.softmax(1) - torch.eye(4)[labels]).square().sum(1).mean()
    assert tally.scores().brier == pytest.approx(float(wanted), rel=1e-5)


def test_images_that_are_ever_surer_rank_ever_higher():
    """Down to where the score is a hundred thousandth of a millionth: nothing cancels."""
    labels, ranks = torch.zeros(300, dtype=torch.int64), []
    for margin in range(1, 14):
        tally = ScoreTally()
        tally.add(torch.tensor([[float(margin), 0.0]] * 300), labels)
        ranks.append(tally.scores().rank("brier")[0])
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)
    assert ranks[-1] < 0


def test_one_image_that_is_surely_wrong_does_not_outweigh_many_that_get_better():
    """By the loss it would: it costs 20 there, and at most 2 here."""
    labels = torch.zeros(40, dtype=torch.int64)
    unsure, sure = torch.tensor([[0.5, 0.0]] * 40), torch.tensor([[3.0, 0.0]] * 39 + [[0.0, 20.0]])
    before, after = ScoreTally(), ScoreTally()
    before.add(unsure, labels)
    after.add(sure, labels)
    assert after.scores().rank("brier") > before.scores().rank("brier")
    assert after.scores().rank("loss") < before.scores().rank("loss")
