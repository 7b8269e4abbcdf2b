"""A spin box for numbers large and small, such as learning rates."""

from __future__ import annotations

from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox


class NumberBox(QDoubleSpinBox):
    """Shows 0.0001 as 0.0001 and steps by a part of the number's own size."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(12)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:  # noqa: N802 - Qt's name
        """The number without zeros that say nothing."""
        return f"{value:.8g}"

    def valueFromText(self, text: str) -> float:  # noqa: N802 - Qt's name
        """The number that this is, also as 1e-4."""
        try:
            return float(text.replace(",", "."))
        except ValueError:
            return self.value()

    def validate(self, text: str, pos: int) -> tuple[QValidator.State, str, int]:
        """Whether this is a number, may become one, or never will."""
        return _judge(text, self.minimum(), self.maximum()), text, pos


def _judge(text: str, low: float, high: float) -> QValidator.State:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        may_become_one = set(text) <= set("0123456789.,eE+-")
        return QValidator.State.Intermediate if may_become_one else QValidator.State.Invalid
    inside = low <= number <= high
    return QValidator.State.Acceptable if inside else QValidator.State.Intermediate
