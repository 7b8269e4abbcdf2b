from __future__ import annotations

from contextlib import contextmanager

import pytest
import torch
from torch import nn
from torch.optim import SGD, AdamW

from graftwork.engine.freezing import set_learning
from graftwork.engine.learning.parameters import prepare_weights
from graftwork.engine.optimizer import build_optimizer, set_rates
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import HEAD, LowRank, Phase
from support.classifiers import tiny_classifier
from support.tiny import build_tiny


def _optimizer(**settings):
    stages = dict(build_tiny(None).named_children())
    rates = {"middle": 0.1, "top": 0.2}
    return build_optimizer(stages, rates, TrainingSettings(weight_decay=0.05, **settings)), stages


@pytest.mark.parametrize(("name", "kind"), [("adamw", AdamW), ("sgd", SGD)])
def test_the_chosen_optimizer_is_built(name, kind):
    assert isinstance(_optimizer(optimizer=name)[0], kind)


def test_only_the_named_stages_are_in_it():
    optimizer, stages = _optimizer()
    inside = {id(p) for group in optimizer.param_groups for p in group["params"]}
    wanted = {id(p) for name in ("middle", "top") for p in stages[name].parameters()}
    assert inside == wanted


def test_norms_and_biases_do_not_decay():
    optimizer, _ = _optimizer()
    for group in optimizer.param_groups:
        expected = 0.05 if group["params"][0].ndim > 1 else 0.0
        assert group["weight_decay"] == expected
        assert {p.ndim > 1 for p in group["params"]} == {expected > 0}


def test_tokens_scales_and_embeddings_do_not_decay():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.class_token = nn.Parameter(torch.zeros(1, 1, 4))
            self.layer_scale = nn.Parameter(torch.zeros(4, 1, 1))
            self.attention = nn.MultiheadAttention(4, 1)

    odd = Odd()
    optimizer = build_optimizer({"odd": odd}, {"odd": 0.1}, TrainingSettings(weight_decay=0.05))
    decayed = {id(p) for g in optimizer.param_groups if g["weight_decay"] > 0 for p in g["params"]}
    assert decayed == {id(odd.attention.in_proj_weight), id(odd.attention.out_proj.weight)}


def test_rates_are_set_by_stage():
    optimizer, _ = _optimizer()
    set_rates(optimizer, {"middle": 1.0, "top": 2.0})
    assert {(g["stage"], g["lr"]) for g in optimizer.param_groups} == {
        ("middle", 1.0),
        ("top", 2.0),
    }


def test_sgd_without_momentum_is_plain():
    optimizer, _ = _optimizer(optimizer="sgd", momentum=0.0)
    assert not optimizer.param_groups[0]["nesterov"]


def test_only_what_learns_is_in_it_and_low_rank_factors_decay():
    classifier = tiny_classifier()
    phase = Phase(name="p", epochs=1, rates={"top": 0.1, HEAD: 0.2}, learning=LowRank(rank=2))
    prepare_weights(classifier, phase, 0)
    set_learning(classifier, phase)
    stages = classifier.named_stages()
    optimizer = build_optimizer(stages, phase.rates, TrainingSettings(weight_decay=0.05))
    found = {(g["stage"], g["weight_decay"], len(g["params"])) for g in optimizer.param_groups}
    assert found == {("top", 0.05, 2), (HEAD, 0.05, 1), (HEAD, 0.0, 1)}


@contextmanager
def nothing_in_new_memory():
    """What is not written yet is no number."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def test_a_first_step_that_overflows_leaves_no_trace_in_the_momentum():
    """In fp16 the first step is often skipped; what memory held before must not be momentum."""
    head = nn.Linear(2, 1, bias=False)
    first = head.weight.detach().clone()
    settings = TrainingSettings(optimizer="sgd", weight_decay=0)
    optimizer = build_optimizer({HEAD: head}, {HEAD: 0.1}, settings)
    scaler = torch.amp.GradScaler("cpu")
    for gradient in (float("inf"), 1.0):
        loss = scaler.scale(torch.tensor(gradient))
        head.weight.grad = loss.expand(1, 2).clone()
        with nothing_in_new_memory():
            scaler.step(optimizer)
        scaler.update()
    moved = 0.1 * (1 + settings.momentum)  # Nesterov looks ahead
    torch.testing.assert_close(head.weight.detach(), first - moved)
