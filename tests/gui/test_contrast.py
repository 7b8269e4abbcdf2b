"""Whether what can be filled in stands out from what is around it, as WCAG 1.4.11 asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from graftwork.gui.colors import DARK, LIGHT, Colors
from graftwork.gui.parts.boxes import Card
from graftwork.gui.theme import Theme

LEAST = 3.0
FIELDS = [QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QCheckBox]


def contrast(one: str | QColor, other: str | QColor) -> float:
    """The contrast ratio of WCAG 2, from 1 to 21."""
    low, high = sorted(luminance(QColor(color)) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def luminance(color: QColor) -> float:
    red, green, blue = (linear(part) for part in (color.redF(), color.greenF(), color.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def test_black_on_white_has_the_contrast_that_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("around", ["window", "surface", "sunken"])
def test_the_edge_of_a_field_stands_out_from_what_is_around_it(colors: Colors, around: str) -> None:
    for edge in (colors.field_border, colors.accent, colors.danger):
        assert contrast(edge, getattr(colors, around)) >= LEAST


@pytest.fixture(params=["light", "dark"])
def colors(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Colors]:
    theme = Theme(qapp, request.param)
    yield LIGHT if request.param == "light" else DARK
    theme.deleteLater()


@pytest.mark.parametrize("kind", FIELDS)
def test_a_field_is_painted_with_that_edge(
    qtbot: QtBot, colors: Colors, kind: type[QWidget]
) -> None:
    field = kind()
    card = Card("", field)
    qtbot.addWidget(card)
    card.show()
    image = field.grab().toImage()
    left = [image.pixelColor(x, image.height() // 2) for x in range(4)]
    assert QColor(colors.field_border) in left


def test_the_tick_stands_out_from_the_box(qtbot: QtBot, colors: Colors) -> None:
    box = QCheckBox()
    card = Card("", box)
    qtbot.addWidget(card)
    box.setChecked(True)
    card.show()
    image = box.grab().toImage()
    places = [(x, y) for x in range(image.width()) for y in range(image.height())]
    inside = [image.pixelColor(x, y) for x, y in places]
    assert QColor(colors.accent) in inside
    ticks = [color for color in inside if color == QColor(colors.on_accent)]
    assert ticks
    assert contrast(colors.on_accent, colors.accent) >= LEAST
