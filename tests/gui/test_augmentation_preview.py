"""The preview of augmentation on the user's own images."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QHelpEvent, QImage
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.engine.training_settings import TrainingSettings
from graftwork.gui.data.opening import Wish, open_data
from graftwork.gui.destinations import TRAIN
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.train.augmentation_card import AugmentationCard
from graftwork.gui.train.example_strip import ExampleStrip
from graftwork.gui.train.examples import VERSIONS, ExamplePictures, ExampleWish, make_preview
from graftwork.gui.train.page import TrainPage
from graftwork.plugin_host.registry import Registry
from support.generators import drain
from support.images import make_deep_folder

from .conftest import LONG


def picture(color: str) -> QImage:
    image = QImage(192, 192, QImage.Format.Format_RGB888)
    image.fill(QColor(color))
    return image


@pytest.fixture
def strip(qtbot: QtBot) -> ExampleStrip:
    strip = ExampleStrip()
    qtbot.addWidget(strip)
    examples = [
        ExamplePictures(name=name, original=picture("red"), versions=(picture("blue"),) * VERSIONS)
        for name in ("a.png", "b.png", "c.png")
    ]
    strip.show_examples(examples)
    return strip


@pytest.mark.parametrize(
    ("width", "images", "versions"),
    [(1046, 3, 3), (1400, 3, 4), (3000, 3, VERSIONS), (740, 2, 3), (400, 1, 3), (200, 1, 1)],
)
def test_as_many_are_shown_as_there_is_room_for(
    strip: ExampleStrip, width: int, images: int, versions: int
) -> None:
    strip.resize(width, strip.sizeHint().height())
    groups = strip.groups()
    assert [len(tiles) - 1 for _, tiles in groups] == [versions] * images
    tiles = [tile for _, each in groups for tile in each]
    assert all(tile.right() < width for tile in tiles)
    for left, right in pairwise(tiles):
        assert left.right() < right.left()


def test_an_original_stands_left_of_its_versions(strip: ExampleStrip) -> None:
    strip.resize(1046, strip.sizeHint().height())
    shown = strip.grab().toImage()
    scale = shown.width() / strip.width()
    for _, (original, *versions) in strip.groups():
        assert shown.pixelColor(original.center() * scale).name() == "#ff0000"
        for tile in versions:
            assert shown.pixelColor(tile.center() * scale).name() == "#0000ff"


def test_a_file_is_named_over_its_tiles(qtbot: QtBot, strip: ExampleStrip) -> None:
    strip.resize(1046, strip.sizeHint().height())
    strip.show()
    place = strip.groups()[1][1][2].center()
    strip.event(QHelpEvent(QHelpEvent.Type.ToolTip, place, strip.mapToGlobal(place)))
    assert QToolTip.text() == "b.png"
    QToolTip.hideText()
    assert strip.accessibleDescription() == "a.png, b.png, c.png"


@pytest.fixture
def page(window: MainWindow, pages: Pages) -> TrainPage:
    found = pages.widgets[TRAIN]
    assert isinstance(found, TrainPage)
    return found


@pytest.fixture
def card(
    page: TrainPage, window: MainWindow, images: Path, open_folder: Callable[[Path], None]
) -> AugmentationCard:
    """Opened on a folder of images, for which nothing is augmented yet."""
    open_folder(images)
    window.go_to(TRAIN)
    page.augmentation.fold.open()
    return page.augmentation


def wait_for(qtbot: QtBot, card: AugmentationCard, sentence: str) -> list[ExamplePictures]:
    qtbot.waitUntil(lambda: card.sentence.text().startswith(sentence), timeout=LONG)
    return [example for example, _ in card.strip.groups()]


def test_it_says_where_to_begin_while_there_are_no_images(
    window: MainWindow, page: TrainPage
) -> None:
    window.go_to(TRAIN)
    card = page.augmentation
    card.fold.open()
    assert "Data page" in card.sentence.text()
    assert not card.strip.isVisible()


def test_deep_images_of_many_channels_are_shown_in_their_own_range(
    registry: Registry, tmp_path: Path
) -> None:
    make_deep_folder(tmp_path, channels=5)
    _, opened = drain(open_data(Wish(path=tmp_path), registry.readers))
    training = TrainingSettings(channels=5, augmentation="light")
    job = TrainingJob(data=DataSettings(path=tmp_path), backbone="tiny", training=training)
    _, preview = drain(make_preview(ExampleWish(job=job, opened=opened, again=0), registry))
    original = preview.examples[0].original
    assert original.pixelColor(2, 2).red() < 40
    assert original.pixelColor(189, 189).red() > 200


def test_a_strategy_that_augments_nothing_says_so(qtbot: QtBot, card: AugmentationCard) -> None:
    wait_for(qtbot, card, "Images stay as they are (the strategy's advice)")
    assert not card.strip.isVisible()
    assert not card.again.isVisible()


def test_it_follows_the_settings(qtbot: QtBot, card: AugmentationCard, page: TrainPage) -> None:
    page.setup.numbers.set_values({"augmentation": "light"})
    shown = wait_for(qtbot, card, "Light, as suits documents")
    assert card.strip.isVisible()
    assert {each.name.split("(")[1] for each in shown} <= {"blue)", "green)", "red)"}
    assert all(each.original not in each.versions for each in shown)
    page.setup.numbers.set_values({"domain": "microscopy", "erasing": 0.5})
    turned = wait_for(qtbot, card, "Light, as suits microscopy, erasing 0.5")
    assert [each.name for each in turned] == [each.name for each in shown]
    assert turned[0].original == shown[0].original
    assert turned[0].versions != shown[0].versions


def test_other_examples_are_others(qtbot: QtBot, card: AugmentationCard, page: TrainPage) -> None:
    page.setup.numbers.set_values({"augmentation": "light"})
    before = wait_for(qtbot, card, "Light")
    card.again.click()
    qtbot.waitUntil(
        lambda: [e.name for e, _ in card.strip.groups()] != [e.name for e in before], timeout=LONG
    )


def test_images_that_are_gone_are_told(
    qtbot: QtBot, card: AugmentationCard, page: TrainPage, images: Path
) -> None:
    for file in images.rglob("*.png"):
        file.unlink()
    page.setup.numbers.set_values({"augmentation": "strong"})
    assert wait_for(qtbot, card, "None of the images") == []


def test_while_it_is_closed_nothing_is_computed(
    qtbot: QtBot,
    window: MainWindow,
    page: TrainPage,
    images: Path,
    open_folder: Callable[..., None],
) -> None:
    open_folder(images)
    window.go_to(TRAIN)
    page.setup.numbers.set_values({"augmentation": "light"})
    assert not page.augmentation._timer.isActive()
    page.augmentation.fold.open()
    assert page.augmentation._timer.isActive()
    assert page.augmentation.strip.mapTo(page, QPoint(0, 0)).y() > 0
