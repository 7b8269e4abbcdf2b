from __future__ import annotations

from typing import Any

import pytest

from graftwork.engine.errors import TrainingError
from graftwork.engine.loss.corrections import check_corrections
from graftwork.engine.training_settings import LossSettings


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"class_weights": "inverse", "sampling": "balanced"}, ["class_weights", "sampling"]),
        (
            {"class_weights": "effective-number", "logit_adjustment": 0.5},
            ["class_weights", "logit_adjustment"],
        ),
        ({"sampling": "balanced", "logit_adjustment": 1}, ["sampling", "logit_adjustment"]),
    ],
)
def test_correcting_twice_for_the_same_is_refused(
    settings: dict[str, Any], names: list[str]
) -> None:
    with pytest.raises(TrainingError, match=r" and .*more than once.*Choose one") as refusal:
        check_corrections(LossSettings(**settings))
    assert all(name in str(refusal.value) for name in names)


def test_one_correction_is_fine() -> None:
    check_corrections(LossSettings(sampling="balanced", focal_gamma=2, label_smoothing=0.1))
    check_corrections(LossSettings(class_weights="inverse"))
    check_corrections(LossSettings(logit_adjustment=1))
