from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from graftwork.engine.best_weights import BestWeights
from graftwork.engine.classifier_info import WEIGHTS_FILE
from graftwork.engine.errors import TrainingError
from graftwork.plugin_api import HEAD
from support.classifiers import tiny_classifier


@pytest.fixture
def classifier():
    return tiny_classifier()


@pytest.fixture
def best(classifier, tmp_path):
    kept = BestWeights(classifier, tmp_path)
    kept.begin_phase({HEAD})
    return kept


def _fill(classifier, value):
    with torch.no_grad():
        classifier.head.linear.weight.fill_(value)


def _first(state):
    return float(state["head.linear.weight"][0, 0])


def test_only_what_ranks_higher_is_kept(best, classifier):
    _fill(classifier, 1.0)
    assert best.offer((0.5, -1.0), 1, 1)
    _fill(classifier, 2.0)
    assert not best.offer((0.5, -1.0), 1, 2)
    assert not best.offer((0.4, -0.1), 1, 3)
    assert not best.offer((float("nan"), float("nan")), 1, 4)
    assert best.offer((0.5, -0.9), 1, 4)
    assert (best.phase, best.epoch) == (1, 4)


def test_going_back_to_the_best(best, classifier):
    _fill(classifier, 1.0)
    best.offer((0.5, -1.0), 1, 1)
    _fill(classifier, 2.0)
    best.restore()
    assert _first(classifier.state_dict()) == 1.0


def test_before_the_first_epoch_there_is_nothing_to_go_back_to(best, classifier):
    _fill(classifier, 3.0)
    best.restore()
    assert _first(classifier.state_dict()) == 3.0


def test_nothing_is_written_where_nothing_is_known(best, tmp_path):
    best.write()
    assert list(tmp_path.iterdir()) == []


def test_the_file_has_the_best_and_not_the_present_weights(best, classifier, tmp_path):
    _fill(classifier, 1.0)
    best.offer((0.5, -1.0), 1, 1)
    _fill(classifier, 2.0)
    best.write()
    state = load_file(tmp_path / WEIGHTS_FILE)
    assert _first(state) == 1.0
    assert state.keys() == classifier.state_dict().keys()


def test_the_first_best_is_due_at_once_and_later_ones_after_a_while(best, classifier, tmp_path):
    assert not best.due
    _fill(classifier, 1.0)
    best.offer((0.5, -1.0), 1, 1)
    assert best.due
    best.write()
    _fill(classifier, 2.0)
    best.offer((0.6, -1.0), 1, 2)
    assert not best.due
    assert _first(load_file(tmp_path / WEIGHTS_FILE)) == 1.0
    best.write()
    assert _first(load_file(tmp_path / WEIGHTS_FILE)) == 2.0


def test_a_disk_that_does_not_take_them_is_said_and_tried_again(best, classifier, tmp_path):
    (tmp_path / WEIGHTS_FILE).mkdir()
    best.offer((0.5, -1.0), 1, 1)
    with pytest.raises(TrainingError, match="cannot be written"):
        best.write()
    assert [path.name for path in tmp_path.iterdir()] == [WEIGHTS_FILE]
    (tmp_path / WEIGHTS_FILE).rmdir()
    best.write()
    assert (tmp_path / WEIGHTS_FILE).is_file()


def test_what_a_checkpoint_kept_comes_back(best, classifier, tmp_path):
    _fill(classifier, 1.0)
    best.offer((0.5, -1.0), 3, 4)
    other = tiny_classifier()
    again = BestWeights(other, tmp_path)
    again.load(best.progress(), best.tensors())
    assert (again.rank, again.phase, again.epoch) == ((0.5, -1.0), 3, 4)
    again.restore()
    assert _first(other.state_dict()) == 1.0
    assert again.changing("head.linear.weight")
    assert not again.changing("stages.top.0.weight")


def test_stages_that_learn_later_are_kept_as_they_were_at_the_best(best, classifier, tmp_path):
    """Phase two moves the top without gain: the file must have the top of phase one."""
    best.offer((0.5, -1.0), 1, 1)
    before = classifier.stages.top[0].weight.detach().clone()
    best.begin_phase({"top", HEAD})
    with torch.no_grad():
        classifier.stages.top[0].weight.add_(1.0)
    assert not best.offer((0.4, -2.0), 2, 1)
    best.write()
    state = load_file(tmp_path / WEIGHTS_FILE)
    assert torch.equal(state["stages.top.0.weight"], before)
    best.restore()
    assert torch.equal(classifier.stages.top[0].weight, before)


def test_a_phase_begins_with_the_best_weights_and_not_the_last(best, classifier, tmp_path):
    _fill(classifier, 1.0)
    best.offer((0.5, -1.0), 1, 1)
    _fill(classifier, 2.0)
    best.begin_phase({"top", HEAD})
    assert _first(classifier.state_dict()) == 1.0
    best.write()
    assert _first(load_file(tmp_path / WEIGHTS_FILE)) == 1.0
