"""The window goes at once, whatever still has to end behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from pydantic import BaseModel
from pytestqt.qtbot import QtBot

from graftwork.data import parallel
from graftwork.gui.data.opening import Wish, open_data
from graftwork.gui.main_window import MainWindow
from graftwork.plugin_api import Catalog, DatasetReader, Item


def test_the_window_is_gone_before_it_waits_for_what_is_at_work(
    qtbot: QtBot, window: MainWindow
) -> None:
    began, seen = Event(), []

    def work() -> Iterator[str]:
        try:
            began.set()
            while True:
                yield "something"
        finally:
            seen.append(window.isVisible())

    window.tasks.start(work)
    qtbot.waitUntil(began.is_set)
    assert window.close()
    assert seen == [False]
    assert window.tasks.running == 0


def test_nothing_is_started_any_more_once_the_window_is_closed(window: MainWindow) -> None:
    window.close()
    thread = window.tasks.start(lambda: iter(()))
    assert not thread.isRunning()
    assert window.tasks.running == 0


def test_opening_images_of_a_readers_own_format_ends_between_two_of_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Huge ones take seconds each, for which whoever closes the window would wait."""
    monkeypatch.setattr(parallel, "usable_processors", lambda: 2)
    decoded: list[Path] = []
    reader = slides(decoded.append)
    opening = open_data(Wish(path=tmp_path, reader=reader.name), {reader.name: reader})
    while not next(opening).total:
        pass
    opening.close()
    assert 0 < len(decoded) < 20


CELLS = ("resting", "dividing")


class NoOptions(BaseModel):
    """There is nothing to say about slides."""


def slides(notice: Callable[[Path], object]) -> DatasetReader:
    """Reads a hundred deep images that no folder holds; ``notice`` is told of each."""

    def read(path: Path, _options: BaseModel) -> Catalog:
        items = (
            Item(path=path / f"{number}.slide", label=CELLS[number % 2]) for number in range(100)
        )
        return Catalog(root=path, classes=CELLS, items=tuple(items))

    def decode(path: Path, channels: int) -> np.ndarray:
        notice(path)
        return np.zeros((4, 4, channels), np.uint16)

    return DatasetReader(
        name="slides",
        title="Slides",
        summary="",
        recognises=Path.is_dir,
        options=NoOptions,
        read=read,
        decode=decode,
    )
