from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.engine.schedule import phase_rates, rate_factor
from graftwork.plugin_api import HEAD, Phase


@given(
    total=st.integers(1, 500),
    schedule=st.sampled_from(["constant", "cosine", "one-cycle"]),
    warmup=st.floats(0, 1),
    data=st.data(),
)
def test_factor_stays_between_zero_and_one(total, schedule, warmup, data):
    step = data.draw(st.integers(0, total - 1))
    assert 0 <= rate_factor(step, total, schedule, warmup) <= 1


def test_constant_is_constant():
    assert {rate_factor(step, 10, "constant", 0.0) for step in range(10)} == {1.0}


def test_cosine_starts_at_the_peak_is_half_in_the_middle_and_ends_near_zero():
    assert rate_factor(0, 100, "cosine", 0.0) == 1.0
    assert rate_factor(50, 100, "cosine", 0.0) == pytest.approx(0.5)
    assert rate_factor(99, 100, "cosine", 0.0) < 0.001


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
def test_warmup_rises_to_the_peak_and_only_then_falls(schedule):
    factors = [rate_factor(step, 100, schedule, 0.4) for step in range(100)]
    assert factors[:40] == sorted(factors[:40])
    assert factors[39] == pytest.approx(1.0)
    assert factors[40:] == sorted(factors[40:], reverse=True)


def test_one_cycle_rises_for_three_tenths_even_without_warmup():
    factors = [rate_factor(step, 100, "one-cycle", 0.0) for step in range(100)]
    assert factors[29] == pytest.approx(1.0)
    assert factors[:30] == sorted(factors[:30])
    assert factors[0] < 0.1


def test_each_stage_has_its_own_peak():
    phase = Phase(name="p", epochs=1, rates={"top": 0.1, HEAD: 0.2})
    assert phase_rates(phase, 0, 10) == {"top": 0.1, HEAD: 0.2}
    assert phase_rates(phase, 5, 10) == pytest.approx({"top": 0.05, HEAD: 0.1})
