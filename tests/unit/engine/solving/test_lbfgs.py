"""The minimizer on functions whose lowest point is known."""

from __future__ import annotations

import pytest
import torch

from graftwork.engine.solving.lbfgs import Minimizer

SIDES = 12


def _valley(point):
    """Rosenbrock's function: a bent valley, lowest (0) where all are 1."""
    x = point.clone().requires_grad_()
    value = (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
    value.backward()
    return float(value.detach()), x.grad


def _bowl(curvatures, center):
    def value(point):
        slope = curvatures * (point - center)
        return float(slope @ (point - center)) / 2, slope

    return value


def _go(minimizer, slope=1e-9, most=500):
    steps = 0
    while minimizer.slope > slope and steps < most:
        assert minimizer.step()
        steps += 1
    return steps


@pytest.fixture
def curvatures():
    return torch.logspace(-2, 2, SIDES, dtype=torch.float64)


@pytest.mark.parametrize("memory", [4, 7, 100])
def test_it_follows_a_bent_valley_to_its_end(memory):
    minimizer = Minimizer(torch.full((SIDES,), -0.5, dtype=torch.float64), memory)
    minimizer.begin(_valley)
    _go(minimizer)
    torch.testing.assert_close(minimizer.point, torch.ones(SIDES, dtype=torch.float64))


def test_values_go_down(curvatures):
    bowl = _bowl(curvatures, torch.ones(SIDES, dtype=torch.float64))
    minimizer = Minimizer(torch.zeros(SIDES, dtype=torch.float64), 100)
    minimizer.begin(bowl)
    values = [bowl(minimizer.point)[0]]
    for _ in range(200):
        assert minimizer.step()
        values.append(bowl(minimizer.point)[0])
        if minimizer.slope < 1e-6:
            break
    assert minimizer.slope < 1e-6
    assert values == sorted(values, reverse=True)


def test_what_was_learned_of_one_function_serves_for_a_bent_one(curvatures):
    center, more = torch.ones(SIDES, dtype=torch.float64), torch.full_like(curvatures, 0.5)
    learned = Minimizer(torch.zeros_like(center), 100)
    learned.begin(_bowl(curvatures, center))
    _go(learned)
    learned.bend(more)
    steps = []
    for minimizer in (learned, Minimizer(learned.point, 100)):
        minimizer.begin(_bowl(curvatures + more, -center))
        steps.append(_go(minimizer))
        torch.testing.assert_close(minimizer.point, -center)
    assert steps[0] < steps[1] / 2


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_where_nothing_leads_down_it_says_so_and_stays(curvatures, value):
    start = torch.ones(SIDES, dtype=torch.float64)
    minimizer = Minimizer(start, 10)
    minimizer.begin(lambda point: (0.0 if point is start else value, curvatures))
    assert not minimizer.step()
    assert torch.equal(minimizer.point, start)
