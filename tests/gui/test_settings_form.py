"""The form that is drawn from a pydantic model."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Gt, Le
from pydantic import BaseModel, Field, model_validator
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from graftwork.engine.training_settings import InputSettings, TrainingSettings
from graftwork.gui.form.fields import FieldSpec, fields_of
from graftwork.gui.form.settings_form import SettingsForm
from graftwork.gui.form.wording import spoken
from graftwork.gui.parts.boxes import column, scrolling
from graftwork.gui.parts.text import label


class Season(Enum):
    SPRING = "spring"
    AUTUMN = "autumn"


class Everything(BaseModel):
    epochs: int = Field(default=10, ge=1, le=500, description="How often each image is seen")
    rate: Annotated[float, Gt(0), Le(1)] = 1e-4
    whole_only: bool = False
    schedule: Literal["cosine", "one-cycle"] = "cosine"
    season: Season = Season.AUTUMN
    name: str = Field(default="x", title="Your name")
    patience: int | None = Field(default=None, ge=1)
    margin: float | None = 0.5
    layers: list[int] = Field(default_factory=lambda: [1, 2])
    names: dict[str, str] = Field(default_factory=dict)
    below: int = Field(default=0, gt=-5, lt=5)

    @model_validator(mode="after")
    def _rate_fits(self) -> Everything:
        if self.epochs > 100 and self.rate > 0.5:
            msg = "so many epochs need a lower rate"
            raise ValueError(msg)
        return self


class Offered(BaseModel):
    column: str | None = None
    other: str = "a"


@pytest.fixture
def form(qtbot: QtBot) -> SettingsForm:
    form = SettingsForm(Everything)
    qtbot.addWidget(form)
    return form


def spec(name: str) -> FieldSpec:
    return next(each for each in fields_of(Everything) if each.name == name)


@pytest.mark.parametrize(
    ("name", "kind", "optional"),
    [
        ("epochs", "integer", False),
        ("rate", "number", False),
        ("whole_only", "boolean", False),
        ("schedule", "choice", False),
        ("season", "choice", False),
        ("name", "text", False),
        ("patience", "integer", True),
        ("margin", "number", True),
        ("layers", "json", False),
        ("names", "mapping", False),
    ],
)
def test_each_annotation_has_its_kind(name: str, kind: str, optional: bool) -> None:
    assert (spec(name).kind, spec(name).optional) == (kind, optional)


def test_bounds_words_and_choices_are_read() -> None:
    assert (spec("epochs").minimum, spec("epochs").maximum) == (1, 500)
    assert (spec("rate").exclusive_minimum, spec("rate").maximum) == (0, 1)
    assert spec("patience").minimum == 1
    assert spec("season").choices == ("spring", "autumn")
    assert spec("epochs").description == "How often each image is seen"
    assert spec("whole_only").label == "Whole only"
    assert spec("name").label == "Your name"


@pytest.mark.parametrize(
    ("name", "widget"),
    [
        ("epochs", QSpinBox),
        ("rate", QDoubleSpinBox),
        ("whole_only", QCheckBox),
        ("schedule", QComboBox),
        ("season", QComboBox),
        ("name", QLineEdit),
    ],
)
def test_each_field_has_its_widget_with_a_name_for_screen_readers(
    form: SettingsForm, name: str, widget: type[Any]
) -> None:
    found = form.findChild(widget, name)
    assert found is not None
    assert found.accessibleName() == spec(name).label


def test_the_defaults_are_entered(form: SettingsForm) -> None:
    assert Everything.model_validate(form.values()) == Everything()
    assert form.is_valid


def test_values_come_out_as_they_went_in(form: SettingsForm) -> None:
    values = Everything(
        epochs=7,
        rate=3e-5,
        whole_only=True,
        schedule="one-cycle",
        season=Season.SPRING,
        name="Ada",
        patience=4,
        margin=None,
        layers=[3],
        names={"0.0": "good", "1.0": "worn: half, or more"},
        below=-2,
    )
    form.set_values(values.model_dump(mode="json"))
    assert Everything.model_validate(form.values()) == values
    form.reset()
    assert Everything.model_validate(form.values()) == Everything()


def test_the_bounds_bind_the_spin_boxes(form: SettingsForm) -> None:
    epochs = form.findChild(QSpinBox, "epochs")
    below = form.findChild(QSpinBox, "below")
    assert (epochs.minimum(), epochs.maximum()) == (1, 500)
    assert (below.minimum(), below.maximum()) == (-4, 4)


def test_a_small_number_is_typed_and_shown_as_people_write_it(
    qtbot: QtBot, form: SettingsForm
) -> None:
    form.show()
    rate = form.findChild(QDoubleSpinBox, "rate")
    rate.selectAll()
    qtbot.keyClicks(rate, "2.5e-6")
    qtbot.keyClick(rate, Qt.Key.Key_Return)
    assert form.values()["rate"] == pytest.approx(2.5e-6)
    assert rate.text() == "2.5e-06"
    rate.selectAll()
    qtbot.keyClicks(rate, "word")
    assert form.values()["rate"] == pytest.approx(2.5e-6)


def test_an_exclusive_bound_is_refused_in_words_at_its_field(form: SettingsForm) -> None:
    form.set_values({"rate": 0.0})
    assert form.problems() == {"rate": "Must be more than 0."}
    assert "Must be more than 0." in shown_texts(form)
    form.set_values({"rate": 0.5})
    assert form.is_valid
    assert "Must be more than 0." not in shown_texts(form)


def test_what_is_wrong_with_the_whole_is_said_below(form: SettingsForm) -> None:
    form.set_values({"epochs": 200, "rate": 0.9})
    assert form.problems() == {"": "So many epochs need a lower rate."}
    assert "So many epochs need a lower rate." in shown_texts(form)


def test_an_optional_field_is_set_by_its_check_box(qtbot: QtBot, form: SettingsForm) -> None:
    patience = form.findChild(QSpinBox, "patience")
    assert not patience.isEnabled()
    box = next(b for b in form.findChildren(QCheckBox) if b.accessibleName() == "Set Patience")
    with qtbot.waitSignal(form.changed):
        box.setChecked(True)
    assert patience.isEnabled()
    assert form.values()["patience"] == 1


OTHERS: dict[str, Any] = {
    "epochs": 12,
    "rate": 0.25,
    "whole_only": True,
    "schedule": "one-cycle",
    "season": "spring",
    "name": "Ada",
    "patience": 3,
    "margin": None,
    "layers": [5],
    "names": {"0": "good"},
    "below": -3,
}


@pytest.mark.parametrize("name", Everything.model_fields)
def test_each_field_takes_another_value_and_goes_back_to_its_default(
    qtbot: QtBot, form: SettingsForm, name: str
) -> None:
    default = form.values()[name]
    with qtbot.waitSignal(form.changed):
        form.set_values({name: OTHERS[name]})
    assert form.values()[name] == OTHERS[name] != default
    assert form.is_valid
    form.reset()
    assert form.values()[name] == default


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("0.0: functional, 1.0: defective", {"0.0": "functional", "1.0": "defective"}),
        (" a:b ,", {"a": "b"}),
        ("time: 12:30", {"time": "12:30"}),
        ("", {}),
        ('{"a, b": "c"}', {"a, b": "c"}),
    ],
)
def test_names_are_written_in_a_line(form: SettingsForm, line: str, value: dict[str, str]) -> None:
    form.findChild(QLineEdit, "names").setText(line)
    assert form.values()["names"] == value
    assert form.is_valid
    form.set_values({"names": value})
    assert form.values()["names"] == value


@pytest.mark.parametrize("line", ["good", "0: good, broken", "{0: good"])
def test_names_without_a_colon_are_refused_at_their_field(form: SettingsForm, line: str) -> None:
    form.findChild(QLineEdit, "names").setText(line)
    assert list(form.problems()) == ["names"]


def test_text_that_is_no_json_is_refused_by_the_model(form: SettingsForm) -> None:
    form.set_values({"layers": [4, 5]})
    form.findChild(QLineEdit, "layers").setText("[1, 2")
    assert "layers" in form.problems()


def test_folded_fields_stand_under_more_and_hidden_ones_nowhere(qtbot: QtBot) -> None:
    form = SettingsForm(TrainingSettings, folded={"momentum"}, hidden={"channels"})
    qtbot.addWidget(form)
    form.show()
    assert form.findChild(QDoubleSpinBox, "momentum").isHidden() is False
    assert not form.findChild(QDoubleSpinBox, "momentum").isVisible()
    assert form.findChild(QSpinBox, "batch_size").isVisible()
    assert form.findChild(QSpinBox, "channels") is None
    assert TrainingSettings.model_validate(form.values()) == TrainingSettings()


def test_headings_stand_above_their_fields(qtbot: QtBot) -> None:
    form = SettingsForm(InputSettings, headings={"channels": "What is seen"})
    qtbot.addWidget(form)
    form.show()
    heading = next(each for each in form.findChildren(QLabel) if each.text() == "What is seen")
    places = [
        form.findChild(QSpinBox, name).mapTo(form, QPoint()).y() for name in ("size", "channels")
    ]
    assert places[0] < heading.y() < places[1]


def test_a_model_without_fields_makes_an_empty_form(qtbot: QtBot) -> None:
    class Nothing(BaseModel):
        pass

    form = SettingsForm(Nothing)
    qtbot.addWidget(form)
    assert shown_texts(form) == []
    assert form.values() == {}


def shown_texts(form: SettingsForm) -> list[str]:
    return [each.text() for each in form.findChildren(QLabel) if not each.isHidden()]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("warm-restarts", "Warm restarts"),
        ("batch_size", "Batch size"),
        ("adamw", "AdamW"),
        ("l2-sp", "L2-SP"),
        ("re-estimated", "Re-estimated"),
        ("macro-f1", "Macro F1"),
        ("openvino-bf16", "OpenVINO bf16"),
        ("fp32", "fp32"),
        ("_", ""),
    ],
)
def test_names_of_the_field_are_written_as_the_field_writes_them(name: str, text: str) -> None:
    assert spoken(name) == text


@pytest.mark.parametrize("name", ["epochs", "rate", "schedule"])
def test_the_wheel_scrolls_the_page_and_changes_nothing(qtbot: QtBot, name: str) -> None:
    form = SettingsForm(Everything)
    inside = QWidget()
    inside.setLayout(column(form, label("line\n" * 100)))
    page = scrolling(inside)
    qtbot.addWidget(page)
    page.resize(500, 400)
    with qtbot.waitExposed(page):
        page.show()
    before = form.values()
    field = form.findChild(QWidget, name)
    page.ensureWidgetVisible(field)
    scrolled = page.verticalScrollBar().value()
    place = field.mapTo(page, field.rect().center())
    QTest.wheelEvent(page.windowHandle(), QPointF(place), QPoint(0, -120))
    qtbot.waitUntil(lambda: page.verticalScrollBar().value() > scrolled)
    assert form.values() == before


def test_a_text_can_be_chosen_from_what_is_offered_or_written(qtbot: QtBot) -> None:
    form = SettingsForm(Offered, offers={"column": ("file", "species")})
    qtbot.addWidget(form)
    box = form.findChild(QComboBox, "column")
    assert form.values() == {"column": None, "other": "a"}
    assert [box.itemText(i) for i in range(box.count())] == ["file", "species"]
    assert not box.isEnabled()
    next(c for c in form.findChildren(QCheckBox) if c.accessibleName() == "Set Column").click()
    box.setCurrentIndex(1)
    assert form.values()["column"] == "species"
    with qtbot.waitSignal(form.changed):
        box.setEditText("3")
    assert form.values()["column"] == "3"
    form.set_values({"column": "file"})
    assert box.currentText() == "file"
    assert form.findChild(QLineEdit, "other").text() == "a"
