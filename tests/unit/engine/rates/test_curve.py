from __future__ import annotations

import math

import numpy as np
import pytest

from graftwork.engine.rates.curve import STEPS, RatePoint, measure_curve, read_curve
from support.generators import drain

RATES = np.geomspace(1e-6, 10, STEPS)


def _points(loss):
    return [RatePoint(rate=rate, loss=loss(math.log10(rate))) for rate in RATES.tolist()]


def _valley(place: float) -> float:
    """Falls from 2 by a logistic curve that is steepest at 1e-4; its lowest is at 1e-1."""
    return 2 - 1.8 / (1 + math.exp(-4 * (place + 4))) + 10 ** (4 * (place + 0.6))


def test_rates_rise_by_the_same_factor_from_one_millionth_to_ten():
    tried = []
    points, returned = drain(measure_curve(lambda rate: tried.append(rate) or 1.0))
    assert points == returned
    assert [point.rate for point in points] == tried == pytest.approx(RATES.tolist())


def test_it_ends_when_the_loss_has_left_its_lowest_far_behind():
    points, _ = drain(measure_curve(lambda rate: 1.0 if rate < 0.01 else 100.0))
    above = [point for point in points if point.rate >= 0.01]
    assert len(above) == 1


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_it_ends_before_a_loss_that_is_no_number(loss):
    points, _ = drain(measure_curve(lambda rate: 1.0 if rate < 0.01 else loss))
    assert 40 < len(points) < STEPS
    assert all(math.isfinite(point.loss) for point in points)


def test_one_bad_batch_does_not_end_it():
    losses = iter([1.0] * 50 + [8.0] + [1.0] * 49)
    points, _ = drain(measure_curve(lambda _: next(losses)))
    assert len(points) == STEPS


def test_a_point_is_plain_data():
    assert RatePoint(rate=0.1, loss=2.0).model_dump() == {
        "kind": "rate-point",
        "rate": 0.1,
        "loss": 2.0,
    }


def test_the_steepest_and_the_lowest_are_found_and_the_smaller_of_the_two_is_suggested():
    curve = read_curve(_points(_valley))
    places = np.linspace(-4.5, 0, 10_000)
    lowest = 10 ** places[np.argmin([_valley(place) for place in places])]
    assert curve.steepest == pytest.approx(1e-4, rel=0.3)
    assert curve.lowest == pytest.approx(lowest, rel=0.5)
    assert curve.suggested == curve.steepest


def test_a_tenth_of_the_lowest_is_suggested_where_the_loss_falls_fastest_late():
    def late(place: float) -> float:
        return 2 - 1.8 / (1 + math.exp(-8 * (place + 2))) + 10 ** (4 * (place + 1))

    curve = read_curve(_points(late))
    assert curve.suggested == curve.lowest / 10 < curve.steepest


def test_noise_moves_the_suggestion_by_little():
    random = np.random.default_rng(0)
    clean = read_curve(_points(_valley)).suggested
    for _ in range(20):
        noisy = read_curve(_points(lambda place: _valley(place) + random.normal(0, 0.05)))
        assert clean / 4 < noisy.suggested < clean * 4


@pytest.mark.parametrize(
    "loss", [lambda _: 1.0, lambda place: 1 + max(0, place), lambda place: 1 - place / 1000]
)
def test_nothing_is_suggested_where_the_loss_does_not_fall(loss):
    curve = read_curve(_points(loss))
    assert curve.steepest is curve.lowest is curve.suggested is None
    assert len(curve.smooth) == STEPS


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_curve_that_ended_at_once_suggests_nothing(number):
    curve = read_curve([RatePoint(rate=rate, loss=1.0) for rate in RATES[:number]])
    assert curve.suggested is None
    assert len(curve.smooth) == number
