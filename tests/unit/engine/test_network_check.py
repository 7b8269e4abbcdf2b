"""A job that its network cannot follow is refused before images are read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graftwork.engine.errors import TrainingError
from graftwork.engine.network_check import check_network
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import GraftworkError
from graftwork_strategies.named_stages import NAMED_STAGES
from support import tiny


def _check(strategy=NAMED_STAGES, training=None, **settings):
    check_network(
        tiny.TINY, strategy, strategy.settings(**settings), training or TrainingSettings()
    )


def test_stages_that_are_there_pass():
    _check(stages="stem, top, head")
    _check()


def test_the_name_of_no_stage_is_refused_with_those_that_there_are():
    with pytest.raises(GraftworkError, match=r"'steam'. Did you mean stem\? There are: stem"):
        _check(stages="steam")


def test_a_strategy_with_nothing_to_check_passes():
    _check(replace(NAMED_STAGES, check=None), stages="steam")


def test_a_schedule_for_a_stage_that_is_not_there_is_refused():
    with pytest.raises(TrainingError, match=r"no stage 'topp'.*did you mean top"):
        _check(training=TrainingSettings(stage_schedules="topp=constant"))


def test_a_size_that_the_backbone_does_not_take_is_refused():
    with pytest.raises(TrainingError, match="needs images of at least"):
        _check(training=TrainingSettings(size=8))


@pytest.mark.parametrize("fault", [ValueError("stages must be odd"), SystemExit(3)])
def test_a_check_that_fails_itself_is_told_as_a_fault_of_the_plugin(fault):
    def fail(_settings, _backbone):
        raise fault

    with pytest.raises(TrainingError, match="could not check its settings") as raised:
        _check(replace(NAMED_STAGES, check=fail))
    assert type(fault).__name__ in str(raised.value)
    assert NAMED_STAGES.name in str(raised.value)
