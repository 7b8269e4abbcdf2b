from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graftwork.evaluation.report import ClassFigures, Evaluation, Figure, Prediction


def _evaluation(probabilities: tuple[float, float] = (0.75, 0.25)) -> Evaluation:
    return Evaluation(
        images=1,
        classes=("abeille", "blé d'été"),
        figures={"accuracy": Figure(value=1, low=0.2, high=1, method="Wilson")},
        per_class=(ClassFigures(name="abeille", precision=0, recall=0, f1=0, images=0),),
        confusion=((1, 1, 1),),
        predictions=(
            Prediction(
                path=Path("data/blé d'été/ü 1.png"),
                label="blé d'été",
                predicted="blé d'été",
                probabilities=dict(zip(("blé d'été", "abeille"), probabilities, strict=True)),
            ),
        ),
    )


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=2))
def test_json_keeps_every_digit(probabilities: list[float]) -> None:
    evaluation = _evaluation((probabilities[0], probabilities[1]))
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation


def test_confidence_is_the_probability_of_what_was_predicted() -> None:
    assert _evaluation().predictions[0].confidence == 0.75


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        Figure.model_validate({"value": 1, "low": 0, "high": 1, "method": "", "extra": 2})


def test_the_types_do_not_need_torch() -> None:
    code = "import sys, graftwork.evaluation.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
