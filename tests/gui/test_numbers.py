"""Which numbers a person meets first, and that every one can be set in the window."""

from __future__ import annotations

from graftwork.engine.training_settings import TrainingSettings
from graftwork.gui.train.numbers import MAIN, numbers_model


def test_every_shared_setting_can_be_set() -> None:
    assert set(TrainingSettings.model_fields) <= set(numbers_model().model_fields)


def test_most_people_meet_only_numbers_that_exist() -> None:
    assert set(numbers_model().model_fields) > MAIN
