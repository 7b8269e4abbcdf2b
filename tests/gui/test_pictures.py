"""Small pictures, read in the background as the data set or the run says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPixmap
from pytestqt.qtbot import QtBot

from graftwork.data.input_spec import IntensityRange
from graftwork.engine.job import DataSettings
from graftwork.gui.pictures.grid import PictureGrid
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.pictures.model import Picture
from graftwork.gui.pictures.reader import PLAIN_READER, PictureReader
from graftwork.gui.results.state import picture_reader_of
from graftwork.plugin_host import Registry
from graftwork.runs.store import RunStore
from graftwork.runs.workshop import Workshop
from support.images import make_folder
from support.jobs import small_job

from .conftest import LONG


def red(path: Path, channels: int) -> np.ndarray[Any, Any]:
    """A decoder that sees red wherever it looks."""
    return np.full((8, 8, channels), (255, 0, 0), np.uint8)


RED = PictureReader(red)


@pytest.fixture
def loader(qtbot: QtBot) -> Iterator[PictureLoader]:
    loader = PictureLoader(32)
    yield loader
    loader.close()


@pytest.fixture
def wait_for(qtbot: QtBot, loader: PictureLoader) -> Callable[[PictureReader, Path], QPixmap]:
    def wait(reader: PictureReader, path: Path) -> QPixmap:
        qtbot.waitUntil(lambda: loader.picture(reader, path) is not None, timeout=LONG)
        found = loader.picture(reader, path)
        assert found is not None
        return found

    return wait


def middle(picture: QPixmap) -> QColor:
    return picture.toImage().pixelColor(picture.width() // 2, picture.height() // 2)


def test_two_readers_of_one_file_have_a_picture_each(
    wait_for: Callable[..., QPixmap], tmp_path: Path
) -> None:
    file = tmp_path / "blue.png"
    Image.new("RGB", (64, 32), "blue").save(file)
    plain = wait_for(PLAIN_READER, file)
    assert (plain.width(), plain.height()) == (32, 16)
    assert middle(plain).name() == "#0000ff"
    assert middle(wait_for(RED, file)).name() == "#ff0000"
    assert middle(wait_for(PLAIN_READER, file)).name() == "#0000ff"


@pytest.mark.parametrize(
    ("intensity", "expected"),
    [(IntensityRange(low=0, high=1000), 255), (IntensityRange(low=0, high=2000), 128)],
)
def test_a_deep_image_is_as_bright_as_its_data_set_says(
    wait_for: Callable[..., QPixmap], tmp_path: Path, intensity: IntensityRange, expected: int
) -> None:
    file = tmp_path / "deep.png"
    Image.fromarray(np.full((8, 8), 1000, np.uint16)).save(file)
    shown = middle(wait_for(PictureReader(intensity=intensity), file))
    assert shown.red() == pytest.approx(expected, abs=1)


def test_a_file_that_is_gone_has_an_empty_picture(
    wait_for: Callable[..., QPixmap], tmp_path: Path
) -> None:
    assert wait_for(PLAIN_READER, tmp_path / "gone.png").isNull()


def test_what_is_forgotten_is_read_anew(
    loader: PictureLoader, wait_for: Callable[..., QPixmap], tmp_path: Path
) -> None:
    file = tmp_path / "a.png"
    Image.new("RGB", (8, 8), "blue").save(file)
    wait_for(PLAIN_READER, file)
    Image.new("RGB", (8, 8), "red").save(file)
    loader.forget()
    assert middle(wait_for(PLAIN_READER, file)).name() == "#ff0000"


def test_pictures_that_come_one_by_one_leave_the_others_in_place(
    qtbot: QtBot, loader: PictureLoader, tmp_path: Path
) -> None:
    grid = PictureGrid("Answers", loader, lines=2)
    qtbot.addWidget(grid)
    grid.show_pictures([])
    for name in ("a", "b"):
        grid.add_picture(Picture(path=tmp_path / f"{name}.png", caption=name, detail="90%"))
        grid.setCurrentIndex(grid.model().index(0, 0))
    assert grid.count == 2
    assert grid.currentIndex().data() == "a"
    spoken = grid.model().index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "b.png, b 90%"


@pytest.fixture
def own_reader(registry: Registry) -> Registry:
    """Plugins among which class folders are read with a decoder of their own."""
    folders = registry.reader("class-folders")
    return replace(
        registry,
        readers={"reds": replace(folders, name="reds", decode=red), **registry.readers},
    )


def test_a_run_is_shown_as_it_read_its_images(
    own_reader: Registry, home: Path, tmp_path: Path
) -> None:
    images = make_folder(tmp_path / "images")
    workshop = Workshop(own_reader, RunStore(home / "runs"))
    job = small_job(images)
    data = DataSettings(path=images, reader="reds")
    events = workshop.train(job.model_copy(update={"data": data}))
    for _ in events:
        pass
    run = workshop.current_run
    assert run is not None
    assert picture_reader_of(run, own_reader) == RED


def test_a_run_whose_reader_is_gone_is_still_shown(
    own_reader: Registry, registry: Registry, home: Path, tmp_path: Path
) -> None:
    workshop = Workshop(own_reader, RunStore(home / "runs"))
    data = DataSettings(path=tmp_path, reader="reds")
    run = workshop.store.create(small_job(tmp_path).model_copy(update={"data": data}))
    assert picture_reader_of(run, registry) == PLAIN_READER
