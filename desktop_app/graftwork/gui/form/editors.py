"""One editor for each kind of field, all with the same few methods."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from .fields import FieldSpec
from .number_box import NumberBox
from .wording import spoken

_LARGEST_INTEGER = 2**31 - 1
_LARGEST_NUMBER = 1e12


class Editor(QObject):
    """Edits one value in ``widget``; ``changed`` tells that it is another one."""

    changed = Signal()
    widget: QWidget

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec

    def value(self) -> Any:
        """What is entered now, as JSON knows it."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Enter this."""
        raise NotImplementedError

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Leave the wheel to the page that scrolls: it must not change what it passes over."""
        if event.type() != QEvent.Type.Wheel:
            return super().eventFilter(watched, event)
        event.ignore()
        return True


class IntegerEditor(Editor):
    """A spin box of whole numbers."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.widget: QSpinBox = QSpinBox()
        self.widget.setRange(*_integer_bounds(spec))
        _indent(self.widget)
        self.widget.valueChanged.connect(self.changed)

    def value(self) -> int:
        """The number."""
        return self.widget.value()

    def set_value(self, value: Any) -> None:
        """Enter this number."""
        self.widget.setValue(int(value))


def _indent(box: QAbstractSpinBox) -> None:
    """A gap before the number, which the style sheet cannot give to a spin box."""
    box.lineEdit().setTextMargins(6, 0, 0, 0)


def _integer_bounds(spec: FieldSpec) -> tuple[int, int]:
    low, high = -_LARGEST_INTEGER, _LARGEST_INTEGER
    if spec.minimum is not None:
        low = int(spec.minimum)
    if spec.exclusive_minimum is not None:
        low = int(spec.exclusive_minimum) + 1
    if spec.maximum is not None:
        high = int(min(spec.maximum, high))
    if spec.exclusive_maximum is not None:
        high = int(min(spec.exclusive_maximum, high)) - 1
    return low, high


class NumberEditor(Editor):
    """A spin box of any numbers. Exclusive bounds can be entered; the model refuses them."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.widget: NumberBox = NumberBox()
        low = _first(spec.minimum, spec.exclusive_minimum, -_LARGEST_NUMBER)
        high = _first(spec.maximum, spec.exclusive_maximum, _LARGEST_NUMBER)
        self.widget.setRange(low, high)
        _indent(self.widget)
        self.widget.valueChanged.connect(self.changed)

    def value(self) -> float:
        """The number."""
        return self.widget.value()

    def set_value(self, value: Any) -> None:
        """Enter this number."""
        self.widget.setValue(float(value))


def _first(*numbers: float | None) -> float:
    return next(number for number in numbers if number is not None)


class BooleanEditor(Editor):
    """A check box."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.widget: QCheckBox = QCheckBox()
        self.widget.toggled.connect(self.changed)

    def value(self) -> bool:
        """Whether it is checked."""
        return self.widget.isChecked()

    def set_value(self, value: Any) -> None:
        """Check it, or not."""
        self.widget.setChecked(bool(value))


class ChoiceEditor(Editor):
    """A combo box."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.widget: QComboBox = QComboBox()
        self.widget.addItems([spoken(str(choice)) for choice in spec.choices])
        self.widget.currentIndexChanged.connect(self.changed)

    def value(self) -> Any:
        """The one that is chosen."""
        return self.spec.choices[self.widget.currentIndex()]

    def set_value(self, value: Any) -> None:
        """Choose this one."""
        self.widget.setCurrentIndex(self.spec.choices.index(getattr(value, "value", value)))


class TextEditor(Editor):
    """A line of text."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.widget: QLineEdit = QLineEdit()
        self.widget.textChanged.connect(self.changed)

    def value(self) -> Any:
        """The text."""
        return self.widget.text()

    def set_value(self, value: Any) -> None:
        """Enter this text."""
        self.widget.setText("" if value is None else str(value))


class OfferEditor(Editor):
    """A line of text that can be chosen from a list, too."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.widget: QComboBox = QComboBox()
        self.widget.setEditable(True)
        self.widget.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.widget.addItems(spec.offers)
        self.widget.setCurrentIndex(-1)
        self.widget.currentTextChanged.connect(self.changed)

    def value(self) -> str:
        """The text."""
        return self.widget.currentText()

    def set_value(self, value: Any) -> None:
        """Enter this text."""
        self.widget.setCurrentText("" if value is None else str(value))


class JsonEditor(TextEditor):
    """A line of JSON, for what has no editor of its own (lists, tables)."""

    def value(self) -> Any:
        """What the JSON means; the text itself where it is none."""
        try:
            return json.loads(self.widget.text())
        except ValueError:
            return self.widget.text()

    def set_value(self, value: Any) -> None:
        """Enter this as JSON."""
        self.widget.setText(json.dumps(value, ensure_ascii=False, default=str))


class MappingEditor(JsonEditor):
    """A line such as ``0: good, 1: broken``; JSON where a text has signs that mean something."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.widget.setPlaceholderText("0: good, 1: broken")

    def value(self) -> Any:
        """The texts by their names; the line itself where it is no such thing."""
        line = self.widget.text().strip()
        pairs = [part.partition(":") for part in line.split(",") if part.strip()]
        if line.startswith("{") or not all(colon for _, colon, _ in pairs):
            return super().value()
        return {name.strip(): text.strip() for name, _, text in pairs}

    def set_value(self, value: Any) -> None:
        """Enter this, as simply as it can be written."""
        self.widget.setText(", ".join(f"{name}: {text}" for name, text in value.items()))
        if self.value() != value:
            super().set_value(value)


_EDITORS: dict[str, type[Editor]] = {
    "integer": IntegerEditor,
    "number": NumberEditor,
    "boolean": BooleanEditor,
    "choice": ChoiceEditor,
    "text": TextEditor,
    "mapping": MappingEditor,
    "json": JsonEditor,
}


def editor_for(spec: FieldSpec) -> Editor:
    """The editor for this field, with its default entered."""
    editor = OfferEditor(spec) if spec.offers else _EDITORS[spec.kind](spec)
    editor.widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel
    editor.widget.installEventFilter(editor)
    if spec.default is not None:
        editor.set_value(spec.default)
    return editor
