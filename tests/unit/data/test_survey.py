from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from graftwork.data.parallel import PixelProgress, finished
from graftwork.data.survey import survey
from graftwork.plugin_api import Catalog, Item, UnusableImageError
from support.images import make_folder


def catalog_of(folder: Path) -> Catalog:
    files = sorted(folder.rglob("*.png"))
    items = tuple(Item(path=file, label=file.parent.name) for file in files)
    return Catalog(root=folder, classes=("blue", "green", "red"), items=items)


def test_the_unusable_images_are_found_with_reasons(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "images", 4)
    (folder / "red" / "001.png").write_bytes(b"")
    (folder / "blue" / "002.png").write_text("no image")
    surveying = survey(catalog_of(folder))
    reports: list[PixelProgress] = []
    while True:
        try:
            reports.append(next(surveying))
        except StopIteration as end:
            seen = end.value
            break
    assert reports[-1] == PixelProgress(12, 12)
    problems = seen.catalog.problems
    assert [problem.path.name for problem in problems] == ["002.png", "001.png"]
    assert problems[1].reason == "the file is empty"
    assert len(seen.catalog.items) == len(seen.contents) == 10


def test_a_readers_own_decoder_is_asked(tmp_path: Path) -> None:
    def picky(path: Path, channels: int) -> np.ndarray:
        if path.stem == "000":
            raise UnusableImageError("not to my taste")
        return np.zeros((2, 2, channels), np.uint8)

    seen = finished(survey(catalog_of(make_folder(tmp_path / "images", 3)), picky))
    assert len(seen.catalog.problems) == 3


def test_copies_have_the_same_content_and_others_do_not(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "images", 2)
    shutil.copy(folder / "blue" / "000.png", folder / "blue" / "001.png")
    first, copy, *others = finished(survey(catalog_of(folder))).contents
    assert first == copy
    assert len({first, *others}) == 5
