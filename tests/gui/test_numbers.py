"""Which numbers a person meets first, and that every one can be set in the window."""

from __future__ import annotations

from graftwork.engine.job import TrainingSettings
from graftwork.gui.train.numbers import FOLDED, numbers_model


def test_most_people_meet_only_the_numbers_that_they_need() -> None:
    assert set(numbers_model().model_fields) - FOLDED == {
        "fit", "batch_size", "augmentation", "validation", "test", "seed",
    }  # fmt: skip


def test_every_shared_setting_can_be_set() -> None:
    assert set(TrainingSettings.model_fields) <= set(numbers_model().model_fields)
    assert set(numbers_model().model_fields) >= FOLDED
