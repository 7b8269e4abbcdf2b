from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, recall_score

from graftwork.engine.scores import Scores, scores

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40)


@given(pairs)
def test_figures_are_those_of_scikit_learn_over_the_classes_that_are_there(drawn):
    labels, predicted = np.array(drawn).T
    present = sorted(set(labels))
    found = scores(labels, predicted, 0.5)
    assert found.accuracy == pytest.approx(accuracy_score(labels, predicted))
    recall = recall_score(labels, predicted, labels=present, average="macro", zero_division=0)
    f1 = f1_score(labels, predicted, labels=present, average="macro", zero_division=0)
    assert found.balanced_accuracy == pytest.approx(recall)
    assert found.macro_f1 == pytest.approx(f1)


@pytest.mark.parametrize("metric", ["accuracy", "balanced-accuracy", "macro-f1"])
def test_the_lower_loss_wins_at_a_tie(metric):
    better = Scores(loss=0.1, accuracy=0.9, balanced_accuracy=0.9, macro_f1=0.9)
    worse = Scores(loss=0.2, accuracy=0.9, balanced_accuracy=0.9, macro_f1=0.9)
    assert better.rank(metric) > worse.rank(metric)


def test_by_loss_a_lower_loss_ranks_higher_whatever_the_accuracy():
    lower = Scores(loss=0.1, accuracy=0.1, balanced_accuracy=0.1, macro_f1=0.1)
    higher = Scores(loss=0.2, accuracy=0.9, balanced_accuracy=0.9, macro_f1=0.9)
    assert lower.rank("loss") > higher.rank("loss")
