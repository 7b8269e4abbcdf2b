"""One field of a form: its label, its editor, what it means, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from graftwork.gui.parts.boxes import Part, column, row
from graftwork.gui.parts.text import label

from .editors import editor_for
from .fields import FieldKind, FieldSpec

_LONG: frozenset[FieldKind] = frozenset({"mapping", "json"})
"""These need a line of their own."""


class FieldRow(QWidget):
    """Edits one field; an optional one has a check box that says whether it is set."""

    changed = Signal()

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        self._editor = editor_for(spec)
        self._is_set = QCheckBox("Set")
        self._wrong = label(role="error", wrap=True)
        self._wrong.hide()
        self._lay_out()
        self._prepare()

    def _lay_out(self) -> None:
        name = label(self.spec.label, wrap=True)
        editor = self._editor.widget
        name.setBuddy(editor)
        parts: list[Part] = [row(name, None, self._is_set, editor)]
        if self.spec.kind in _LONG:
            parts = [row(name, None, self._is_set), editor]
        elif self.spec.kind != "boolean":
            editor.setFixedWidth(148)
        description = label(self.spec.description, "small", wrap=True)
        self.setLayout(column(*parts, description, self._wrong, gap=2))
        description.setVisible(bool(self.spec.description))

    def _prepare(self) -> None:
        spec, editor = self.spec, self._editor.widget
        editor.setObjectName(spec.name)
        editor.setAccessibleName(spec.label)
        self.setToolTip(spec.description)
        self._is_set.setVisible(spec.optional)
        self._is_set.setAccessibleName(f"Set {spec.label}")
        self._is_set.setChecked(not spec.optional or spec.default is not None)
        self._is_set.toggled.connect(editor.setEnabled)
        self._is_set.toggled.connect(self.changed)
        editor.setEnabled(self._is_set.isChecked())
        self._editor.changed.connect(self.changed)

    def value(self) -> Any:
        """What is entered; None for an optional field that is not set."""
        return self._editor.value() if self._is_set.isChecked() else None

    def set_value(self, value: Any) -> None:
        """Enter this."""
        self._is_set.setChecked(value is not None or not self.spec.optional)
        if value is not None:
            self._editor.set_value(value)

    def show_wrong(self, message: str) -> None:
        """Say what is wrong with the value, or nothing."""
        self._wrong.setText(message)
        self._wrong.setVisible(bool(message))
        said = f"{message} {self.spec.description}".strip()
        self._editor.widget.setAccessibleDescription(said)
        self._editor.widget.setProperty("wrong", bool(message))
        self.style().unpolish(self._editor.widget)
        self.style().polish(self._editor.widget)
