"""A form for any pydantic model: what it holds is what the model says is right."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from graftwork.gui.parts.boxes import column
from graftwork.gui.parts.foldable import Foldable
from graftwork.gui.parts.text import counted, label
from graftwork.wrong_values import WrongValue, wrong_values

from .field_row import FieldRow
from .fields import fields_of

_NO_OFFERS: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_HEADINGS: Mapping[str, str] = MappingProxyType({})


class SettingsForm(QWidget):
    """One row a field; ``folded`` fields stand under "More", ``hidden`` ones nowhere.

    ``offers`` are texts to choose from, by name of a field; ``headings`` stand above some fields.
    """

    changed = Signal()

    def __init__(
        self,
        model: type[BaseModel],
        *,
        folded: Collection[str] = (),
        hidden: Collection[str] = (),
        offers: Mapping[str, tuple[str, ...]] = _NO_OFFERS,
        headings: Mapping[str, str] = _NO_HEADINGS,
    ) -> None:
        super().__init__()
        self._model = model
        specs = [spec for spec in fields_of(model) if spec.name not in hidden]
        self._rows = {
            spec.name: FieldRow(replace(spec, offers=offers.get(spec.name, ()))) for spec in specs
        }
        self._folded = frozenset(folded)
        self._more: Foldable | None = None
        self._wrong = label(role="error", wrap=True)
        self._lay_out(folded, headings)
        for each in self._rows.values():
            each.changed.connect(self._note_change)
        self._show_wrong()

    def _lay_out(self, folded: Collection[str], headings: Mapping[str, str]) -> None:
        open_rows = self._headed([name for name in self._rows if name not in folded], headings)
        more = self._headed([name for name in self._rows if name in folded], headings)
        layout = column(*open_rows, gap=14)
        if more:
            inside = QWidget()
            inside.setLayout(column(*more, gap=14))
            self._more = Foldable("More", inside)
            layout.addWidget(self._more)
        layout.addWidget(self._wrong)
        self.setLayout(layout)

    def _headed(self, names: Sequence[str], headings: Mapping[str, str]) -> list[QWidget]:
        """The rows of these fields, and the headings above them."""
        widgets: list[QWidget] = []
        for name in names:
            if name in headings:
                widgets.append(label(headings[name], "group"))
            widgets.append(self._rows[name])
        return widgets

    def values(self) -> dict[str, Any]:
        """What is entered, right or wrong, as JSON knows it."""
        return {name: each.value() for name, each in self._rows.items()}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Enter these; fields that are not named keep what they hold."""
        for name, value in values.items():
            if name in self._rows:
                self._rows[name].set_value(value)

    def reset(self) -> None:
        """Enter the model's defaults."""
        self.set_values({name: each.spec.default for name, each in self._rows.items()})

    def problems(self) -> dict[str, str]:
        """What the model says is wrong, by field; "" stands for the whole."""
        try:
            self._model.model_validate(self.values())
        except ValidationError as error:
            return {_field(wrong): _sentence(wrong.why) for wrong in wrong_values(error)}
        return {}

    def problem_texts(self) -> list[str]:
        """What is wrong, each with the label of its field."""
        return [self._labelled(name, problem) for name, problem in self.problems().items()]

    def _labelled(self, name: str, problem: str) -> str:
        return f"{self._rows[name].spec.label}: {problem}" if name in self._rows else problem

    @property
    def is_valid(self) -> bool:
        """Whether the model accepts what is entered."""
        return not self.problems()

    @Slot()
    def _note_change(self) -> None:
        self._show_wrong()
        self.changed.emit()

    def _show_wrong(self) -> None:
        problems = self.problems()
        self._count_folded(len(self._folded & problems.keys()))
        for name, each in self._rows.items():
            each.show_wrong(problems.pop(name, ""))
        self._wrong.setText("\n".join(problems.values()))
        self._wrong.setVisible(bool(problems))

    def _count_folded(self, wrong: int) -> None:
        """What is folded may be all that is wrong, and is not seen."""
        if self._more is not None:
            self._more.show_wrong(counted(wrong, "wrong value") if wrong else "")


def _field(wrong: WrongValue) -> str:
    return wrong.place.partition(".")[0]


def _sentence(why: str) -> str:
    return f"{why[:1].upper()}{why[1:]}."
