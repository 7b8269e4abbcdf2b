from __future__ import annotations

import json

import pytest
from pydantic import BaseModel, Field

from graftwork.engine.rates.curve import RateCurve, RatePoint
from graftwork.engine.rates.suggestion import RateSuggestion, settings_for
from graftwork.plugin_api import HEAD


class _Settings(BaseModel):
    epochs: int = 10
    rate: float = Field(default=0.001, gt=0, le=1)
    head_rate: float = 0.01
    gamma: float = 0.5
    patience: int | None = None


def _layered(settings):
    return {"stem": settings.rate * settings.gamma, "top": settings.rate, HEAD: settings.rate}


def _any(_settings):
    return True


def test_one_setting_that_moves_all_rates():
    assert settings_for(0.3333, _Settings(), _layered, _any) == {"rate": 0.00033}


def test_several_that_move_some_each():
    def rates_of(settings):
        return {"top": settings.rate, HEAD: settings.head_rate}

    assert settings_for(2.0, _Settings(), rates_of, _any) == {"rate": 0.002, "head_rate": 0.02}


def test_only_what_the_phase_depends_on():
    assert settings_for(3.0, _Settings(), lambda s: {HEAD: s.head_rate}, _any) == {
        "head_rate": 0.03
    }


def test_none_with_which_something_else_would_change():
    """The rate of the head is that of an earlier phase, too."""

    def rates_of(settings):
        return {"top": settings.rate, HEAD: settings.head_rate}

    def is_free(settings):
        return settings.head_rate == _Settings().head_rate

    assert settings_for(2.0, _Settings(), rates_of, is_free) == {}
    assert settings_for(2.0, _Settings(), _layered, is_free) == {"rate": 0.002}


def test_a_factor_between_stages_is_not_taken_for_a_rate():
    def rates_of(settings):
        return {"top": settings.rate * settings.gamma, HEAD: settings.rate}

    assert settings_for(0.1, _Settings(), rates_of, _any) == {"rate": 0.0001}


@pytest.mark.parametrize(
    "rates_of",
    [
        lambda _: {HEAD: 0.001},
        lambda s: {HEAD: s.rate**0.5},
        lambda s: {HEAD: min(s.rate, 0.002)},
    ],
)
def test_none_where_no_setting_says_it(rates_of):
    assert settings_for(10.0, _Settings(), rates_of, _any) == {}


def test_none_that_the_strategy_would_refuse():
    assert settings_for(5000.0, _Settings(), _layered, _any) == {}


def _suggestion(suggested=True, settings=None, rates=None):
    known = {"steepest": 0.002, "lowest": 0.1} if suggested else {}
    points = (RatePoint(rate=1e-6, loss=1.0), RatePoint(rate=1e-5, loss=0.5))
    return RateSuggestion(
        phase="Head",
        rates=rates or {HEAD: 0.01},
        curve=RateCurve(points=points, smooth=(0.9, 0.6), **known),
        settings=settings or {},
    )


def test_it_says_what_it_suggests_why_and_what_to_set():
    found = _suggestion(settings={"rate": 0.002})
    assert found.summary == "Suggested: 2.0e-03, where the loss falls fastest (now 1.0e-02)."
    assert found.advice == "Phase 'Head'; what learns: head. To use it, set rate = 0.002."


def test_it_says_by_how_much_where_no_setting_does():
    assert _suggestion().advice.endswith("rates should be 0.2 times what they are.")


def test_it_says_that_there_is_nothing_to_suggest():
    found = _suggestion(suggested=False)
    assert "nothing to suggest" in found.summary
    assert found.advice == "Phase 'Head'; what learns: head."


def test_it_speaks_of_the_fastest_stage():
    found = _suggestion(rates={"top": 0.001, HEAD: 0.01})
    assert found.highest == 0.01
    assert "keep their proportions" in found.advice


def test_its_json_is_plain():
    told = json.loads(json.dumps(_suggestion(settings={"rate": 0.002}).as_json()))
    assert told["points"] == [[1e-6, 1.0], [1e-5, 0.5]]
    assert (told["suggested"], told["settings"]) == (0.002, {"rate": 0.002})
