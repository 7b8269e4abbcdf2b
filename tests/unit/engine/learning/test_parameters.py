from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from graftwork.engine.freezing import set_learning
from graftwork.engine.learning.low_rank import merge_low_rank, plain_state
from graftwork.engine.learning.parameters import learning_parameters, prepare_weights
from graftwork.plugin_api import HEAD, LowRank, Phase
from support.classifiers import tiny_classifier


class _OwnNorm2d(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(4))


class _Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(4, 4, 3)
        self.norm = nn.GroupNorm(2, 4)
        self.own = _OwnNorm2d()
        self.attention = nn.MultiheadAttention(4, 1)
        self.token = nn.Parameter(torch.zeros(1, 1, 4))


def _names(stage, learning):
    chosen = {id(p) for p in learning_parameters(stage, learning)}
    return {name for name, p in stage.named_parameters() if id(p) in chosen}


def _phase(*stages, **fields):
    return Phase(name="p", epochs=1, rates=dict.fromkeys(stages, 0.1), **fields)


def _changed(before, classifier):
    after = plain_state(classifier)
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def _copy(classifier):
    return {name: value.clone() for name, value in plain_state(classifier).items()}


def test_all_weights():
    block = _Block()
    assert _names(block, "weights") == dict(block.named_parameters()).keys()


def test_norms_and_biases_also_of_a_backbones_own_making():
    assert _names(_Block(), "norms-and-biases") == {
        "convolution.bias",
        "norm.weight",
        "norm.bias",
        "own.gain",
        "attention.in_proj_bias",
        "attention.out_proj.bias",
    }


def test_low_rank_learns_the_factors_alone_and_the_head_whole():
    classifier, phase = tiny_classifier(), _phase("middle", "top", HEAD, learning=LowRank(rank=2))
    prepare_weights(classifier, phase, 0)
    set_learning(classifier, phase)
    learning = {name for name, p in classifier.named_parameters() if p.requires_grad}
    inner = "0.parametrizations.weight.0"
    assert learning == {
        *(
            f"stages.{stage}.{inner}.{part}"
            for stage in ("middle", "top")
            for part in ("up", "down")
        ),
        *(f"head.{name}" for name, _ in classifier.head.named_parameters()),
    }


def test_the_head_learns_whole_where_norms_and_biases_do():
    classifier, phase = tiny_classifier(), _phase("top", HEAD, learning="norms-and-biases")
    set_learning(classifier, phase)
    assert all(p.requires_grad for p in classifier.head.parameters())
    assert not classifier.stages.top[0].weight.requires_grad
    assert classifier.stages.top[1].weight.requires_grad


def test_a_step_of_low_rank_learning_changes_the_merged_weights_of_its_stages_alone():
    classifier, phase = tiny_classifier(), _phase("top", HEAD, learning=LowRank(rank=2))
    before = _copy(classifier)
    prepare_weights(classifier, phase, 0)
    set_learning(classifier, phase)
    optimizer = torch.optim.SGD([p for p in classifier.parameters() if p.requires_grad], lr=0.1)
    classifier.eval().logits(torch.rand(4, 3, 32, 32) * 255).square().sum().backward()
    optimizer.step()
    merge_low_rank(classifier)
    assert _changed(before, classifier) == {
        "stages.top.0.weight",
        *(f"head.{name}" for name in classifier.head.state_dict()),
    }


def test_named_stages_begin_anew_and_others_do_not():
    classifier, phase = tiny_classifier(), _phase("top", HEAD, reinitialize=("top",))
    before = _copy(classifier)
    prepare_weights(classifier, phase, 0)
    assert _changed(before, classifier) == {"stages.top.0.weight"}


def test_what_is_prepared_depends_on_the_seed_alone():
    phase = _phase("middle", "top", HEAD, reinitialize=("top", HEAD), learning=LowRank(rank=2))

    def weights(seed):
        classifier = tiny_classifier()
        prepare_weights(classifier, phase, seed)
        return torch.cat([p.detach().flatten() for p in classifier.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize("fields", [{"reinitialize": ("middle", "top")}, {"learning": LowRank()}])
def test_stages_alike_begin_with_numbers_of_their_own(fields):
    """What one of them could learn, the other would learn as well."""
    classifier = tiny_classifier()
    classifier.stages.middle, classifier.stages.top = nn.Linear(40, 40), nn.Linear(40, 40)
    prepare_weights(classifier, _phase("middle", "top", **fields), 0)
    drawn = [_drawn(stage) for stage in (classifier.stages.middle, classifier.stages.top)]
    assert not torch.equal(*drawn)


def _drawn(layer):
    """The factor of its low-rank addition, or else its weight."""
    return layer.parametrizations.weight[0].down if is_parametrized(layer) else layer.weight
