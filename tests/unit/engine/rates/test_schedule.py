from __future__ import annotations

import itertools
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, ReduceLROnPlateau

from graftwork.engine.rates.schedule import phase_rates, rate_factor
from graftwork.plugin_api import HEAD, Phase, Schedule

SCHEDULES = get_args(Schedule)
FALLING = ["constant", "cosine", "one-cycle", "plateau"]


def _factors(schedule, total, warmup=0.0, scores=()):
    return [rate_factor(step, total, schedule, warmup, scores) for step in range(total)]


def _optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


@given(
    total=st.integers(1, 500),
    schedule=st.sampled_from(SCHEDULES),
    warmup=st.floats(0, 1),
    scores=st.lists(st.floats(-10, 10), max_size=8),
    data=st.data(),
)
def test_factor_stays_between_zero_and_one(total, schedule, warmup, scores, data):
    step = data.draw(st.integers(0, total - 1))
    assert 0 <= rate_factor(step, total, schedule, warmup, scores) <= 1


@given(
    total=st.integers(20, 500),
    schedule=st.sampled_from(FALLING),
    warmup=st.floats(0.2, 0.8),
)
def test_it_never_jumps_but_at_a_restart(total, schedule, warmup):
    """The steepest part is the linear rise, or the cosine's middle: pi / 2 over its length."""
    factors = _factors(schedule, total, warmup)
    rising = round(max(warmup, 0.3 if schedule == "one-cycle" else 0) * total)
    steepest = max(1 / rising, 1.6 / max(1, total - rising))
    moves = [abs(b - a) for a, b in itertools.pairwise(factors)]
    assert max(moves) <= steepest + 1e-9


def test_constant_is_constant():
    assert set(_factors("constant", 10)) == {1.0}


def test_cosine_starts_at_the_peak_is_half_in_the_middle_and_ends_near_zero():
    assert rate_factor(0, 100, "cosine", 0.0) == 1.0
    assert rate_factor(50, 100, "cosine", 0.0) == pytest.approx(0.5)
    assert rate_factor(99, 100, "cosine", 0.0) < 0.001


@pytest.mark.parametrize("schedule", FALLING)
def test_warmup_rises_to_the_peak_and_only_then_falls(schedule):
    factors = _factors(schedule, 100, 0.4)
    assert factors[:40] == sorted(factors[:40])
    assert factors[39] == pytest.approx(1.0)
    assert factors[40:] == sorted(factors[40:], reverse=True)


def test_one_cycle_rises_for_three_tenths_even_without_warmup():
    factors = _factors("one-cycle", 100)
    assert factors[29] == pytest.approx(1.0)
    assert factors[:30] == sorted(factors[:30])
    assert factors[0] < 0.1


@pytest.mark.parametrize("seventh", [1, 2, 5, 40])
def test_warm_restarts_are_those_of_torch_with_doubling_cycles(seventh):
    optimizer = _optimizer()
    theirs = CosineAnnealingWarmRestarts(optimizer, T_0=seventh, T_mult=2)
    for step in range(7 * seventh):
        ours = rate_factor(step, 7 * seventh, "warm-restarts", 0.0)
        assert ours == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-9)
        optimizer.step()
        theirs.step()


@given(total=st.integers(1, 500), warmup=st.floats(0, 0.8))
def test_rates_restart_twice_unless_there_are_too_few_steps(total, warmup):
    factors = _factors("warm-restarts", total, warmup)[round(warmup * total) :]
    rises = sum(b > a for a, b in itertools.pairwise(factors))
    assert rises <= 2
    assert rises == 2 or len(factors) < 14


@settings(deadline=None)  # the first call imports much of torch
@given(scores=st.lists(st.integers(0, 5).map(float), max_size=30))
def test_plateau_is_that_of_torch(scores):
    optimizer = _optimizer()
    theirs = ReduceLROnPlateau(
        optimizer, "max", factor=0.3, patience=1, threshold=0, threshold_mode="abs", eps=0
    )
    for score in scores:
        theirs.step(score)
    ours = rate_factor(len(scores), 100, "plateau", 0.0, scores)
    assert ours == pytest.approx(optimizer.param_groups[0]["lr"])


def test_plateau_by_hand():
    assert rate_factor(5, 10, "plateau", 0.0, [0.5, 0.7, 0.6]) == 1.0
    assert rate_factor(5, 10, "plateau", 0.0, [0.5, 0.7, 0.6, 0.7]) == pytest.approx(0.3)
    assert rate_factor(5, 10, "plateau", 0.0, [0.5, 0.7, 0.6, 0.7, 0.8]) == pytest.approx(0.3)
    assert rate_factor(5, 10, "plateau", 0.0, [0.7] + 4 * [0.6]) == pytest.approx(0.09)


def test_epochs_whose_score_is_no_number_count_as_no_better():
    assert rate_factor(5, 10, "plateau", 0.0, [0.5, float("nan"), float("nan")]) == 0.3


def test_each_stage_has_its_own_peak():
    phase = Phase(name="p", epochs=1, rates={"top": 0.1, HEAD: 0.2})
    assert phase_rates(phase, 0, 10) == {"top": 0.1, HEAD: 0.2}
    assert phase_rates(phase, 5, 10) == pytest.approx({"top": 0.05, HEAD: 0.1})


def test_a_stage_can_have_a_schedule_of_its_own():
    phase = Phase(
        name="p",
        epochs=4,
        rates={"stem": 0.1, "top": 0.1, HEAD: 0.2},
        schedule="constant",
        schedules={"stem": "cosine", HEAD: "plateau"},
    )
    rates = phase_rates(phase, 5, 10, [0.9, 0.8, 0.8])
    assert rates == pytest.approx({"stem": 0.05, "top": 0.1, HEAD: 0.06})
