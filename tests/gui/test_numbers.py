"""Which numbers a person meets first, and that every one can be set in the window."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from graftwork.engine.training_settings import GROUPS, TrainingSettings
from graftwork.gui.train.numbers import MAIN, group_headings, numbers_model


def test_every_shared_setting_can_be_set() -> None:
    assert set(TrainingSettings.model_fields) <= set(numbers_model().model_fields)


def test_what_a_training_refuses_of_one_setting_the_window_refuses_too() -> None:
    """At once, beside the field, and not only when the training is to start."""
    with pytest.raises(ValidationError, match="is not a stage and its schedule"):
        numbers_model()(stage_schedules="stem=sideways")


def test_most_people_meet_only_numbers_that_exist() -> None:
    assert set(numbers_model().model_fields) > MAIN


def test_every_group_of_settings_has_its_heading() -> None:
    names = [name for group in GROUPS.values() for name in group.model_fields]
    assert names == list(TrainingSettings.model_fields)
    assert list(group_headings().values()) == list(GROUPS)
