from __future__ import annotations

import torch
from torch import nn

from graftwork.engine.learning.reinitialize import drawn_anew, reinitialize
from graftwork.plugin_api import HEAD, Phase, PhaseReport, SolvedHead


class _Odd(nn.Module):
    """Weights for which no layer has a rule."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(200, 50) * 0.02 + 1)
        self.scale = nn.Parameter(torch.full((8,), 1e-6))


def _stage():
    torch.manual_seed(0)
    stage = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.MultiheadAttention(8, 2), nn.Linear(8, 8), _Odd()
    )
    stage[1].running_mean.fill_(5.0)
    stage[1].weight.data.fill_(7.0)
    return stage


def test_all_weights_are_drawn_anew_and_statistics_put_back():
    stage = _stage()
    before = {name: value.clone() for name, value in stage.state_dict().items()}
    reinitialize(stage, 1)
    same = {name for name, value in stage.state_dict().items() if torch.equal(value, before[name])}
    assert same == {
        "1.bias",
        "1.running_var",
        "1.num_batches_tracked",
        "2.in_proj_bias",
        "2.out_proj.bias",
        "4.scale",
    }
    assert torch.equal(stage[1].running_mean, torch.zeros(8))
    assert torch.equal(stage[1].weight, torch.ones(8))


def test_weights_without_a_rule_keep_their_mean_and_deviation():
    stage = _stage()
    table = stage[4].table.detach().clone()
    reinitialize(stage, 1)
    new = stage[4].table.detach()
    assert not torch.allclose(new, table)
    torch.testing.assert_close(new.mean(), table.mean(), rtol=1e-2, atol=0)
    torch.testing.assert_close(new.std(), table.std(), rtol=5e-2, atol=0)


def test_the_seed_decides_whatever_the_order_of_memory_and_the_state_of_chance():
    first, second = _stage(), _stage().to(memory_format=torch.channels_last)
    strides = second[0].weight.stride()
    reinitialize(first, 1)
    torch.manual_seed(123)
    reinitialize(second, 1)
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )
    assert second[0].weight.stride() == strides
    reinitialize(second, 2)
    assert not torch.equal(first[3].weight, second[3].weight)


def test_chance_elsewhere_is_not_disturbed():
    layer = nn.Linear(3, 3)
    state = torch.get_rng_state()
    reinitialize(layer, 5)
    assert torch.equal(torch.get_rng_state(), state)


def _phase(*reinitialize):
    rates = dict.fromkeys((*reinitialize, HEAD), 0.1)
    return Phase(name="p", epochs=1, rates=rates, reinitialize=reinitialize)


def _report(phase, *, improved):
    figures = {"best_score": 0.0, "best_loss": 0.0, "best_accuracy": 0.0}
    return PhaseReport(phase=phase, epochs_run=1, best_epoch=1, improved=improved, **figures)


def test_a_stage_is_new_in_all_phases_after_the_one_that_drew_it_unless_that_one_was_left():
    reports = [
        _report(SolvedHead(name="s"), improved=True),
        _report(_phase("top"), improved=True),
        _report(_phase("stem"), improved=False),
    ]
    assert drawn_anew(_phase("middle"), reports) == {"middle", "top"}
    assert drawn_anew(_phase(), reports[:1]) == set()
