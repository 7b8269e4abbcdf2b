"""What a settings model refuses, in plain words."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from graftwork.wrong_values import wrong_values, wrong_values_text


class Colour(Enum):
    """Choices of an enumeration."""

    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    """Settings within settings."""

    model_config = ConfigDict(extra="forbid")

    epochs: int = Field(default=1, ge=1, le=100)
    rate: float | None = Field(default=0.5, gt=0, lt=1, allow_inf_nan=False)
    kind: Literal["linear", "mlp", "cosine"] = "linear"
    deep: bool = False
    name: str = "a"
    colour: Colour = Colour.RED
    labels: dict[str, str] = {}


class Outer(BaseModel):
    """Settings."""

    inner: Inner
    least: int = 0
    most: int = 1

    @model_validator(mode="after")
    def _ordered(self) -> Outer:
        if self.least > self.most:
            raise ValueError("least must not be above most")
        return self


def refused(**values: Any) -> ValidationError:
    """The error of these values."""
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(values)
    return caught.value


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ({"epochs": 0}, "inner.epochs must be at least 1, not 0"),
        ({"epochs": 101}, "inner.epochs must be at most 100, not 101"),
        ({"epochs": "many"}, "inner.epochs must be a whole number, not 'many'"),
        ({"epochs": 1.5}, "inner.epochs must be a whole number, not 1.5"),
        ({"epochs": None}, "inner.epochs must be a whole number, not None"),
        ({"rate": 0}, "inner.rate must be more than 0, not 0"),
        ({"rate": 1}, "inner.rate must be less than 1, not 1"),
        ({"rate": "fast"}, "inner.rate must be a number, not 'fast'"),
        ({"rate": float("nan")}, "inner.rate must be a number, not nan"),
        ({"kind": "convex"}, "inner.kind must be 'linear', 'mlp' or 'cosine', not 'convex'"),
        ({"deep": "perhaps"}, "inner.deep must be true or false, not 'perhaps'"),
        ({"name": 5}, "inner.name must be text, not 5"),
        ({"labels": 3}, "inner.labels must be names with values, not 3"),
        ({"colour": "green"}, "inner.colour must be 'red' or 'blue', not 'green'"),
        ({"epoch": 3}, "inner.epoch is not known"),
        ({"name": ["x" * 100]}, f"inner.name must be text, not ['{'x' * 58}…"),
    ],
)
def test_each_kind_of_fault_is_said_in_words(inner: dict[str, Any], said: str) -> None:
    assert wrong_values_text(refused(inner=inner)) == said


def test_what_is_missing_and_what_is_wrong_are_said_together() -> None:
    assert wrong_values_text(refused(most="x")) == (
        "inner is missing; most must be a whole number, not 'x'"
    )


def test_what_is_wrong_with_all_together_needs_no_name() -> None:
    (found,) = wrong_values(refused(inner={}, least=3))
    assert (found.place, str(found)) == ("", "least must not be above most")


def test_other_faults_keep_their_own_words() -> None:
    said = wrong_values_text(refused(inner=Inner))
    assert said.startswith("inner is not right: Input should be")
