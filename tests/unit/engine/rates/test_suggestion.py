from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from graftwork.engine.rates.suggestion import settings_for
from graftwork.plugin_api import HEAD


class _Settings(BaseModel):
    epochs: int = 10
    rate: float = Field(default=0.001, gt=0, le=1)
    head_rate: float = 0.01
    gamma: float = 0.5
    patience: int | None = None


def _layered(settings):
    return {"stem": settings.rate * settings.gamma, "top": settings.rate, HEAD: settings.rate}


def test_one_setting_that_moves_all_rates():
    assert settings_for(0.3333, _Settings(), _layered) == {"rate": 0.00033}


def test_several_that_move_some_each():
    def rates_of(settings):
        return {"top": settings.rate, HEAD: settings.head_rate}

    assert settings_for(2.0, _Settings(), rates_of) == {"rate": 0.002, "head_rate": 0.02}


def test_only_what_the_phase_depends_on():
    assert settings_for(3.0, _Settings(), lambda s: {HEAD: s.head_rate}) == {"head_rate": 0.03}


def test_a_factor_between_stages_is_not_taken_for_a_rate():
    def rates_of(settings):
        return {"top": settings.rate * settings.gamma, HEAD: settings.rate}

    assert settings_for(0.1, _Settings(), rates_of) == {"rate": 0.0001}


@pytest.mark.parametrize(
    "rates_of",
    [
        lambda _: {HEAD: 0.001},
        lambda s: {HEAD: s.rate**0.5},
        lambda s: {HEAD: min(s.rate, 0.002)},
    ],
)
def test_none_where_no_setting_says_it(rates_of):
    assert settings_for(10.0, _Settings(), rates_of) == {}


def test_none_that_the_strategy_would_refuse():
    assert settings_for(5000.0, _Settings(), _layered) == {}
