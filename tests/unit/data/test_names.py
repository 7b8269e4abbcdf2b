from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from graftwork.data.catalog import find_reader, read_catalog
from graftwork.data.names import without_broken_names
from graftwork.engine.events import Notice, ProblemFound
from graftwork.plugin_api import Catalog, DatasetError, Item, Problem
from support.images import make_folder, make_image
from support.jobs import of_kind, run_job, small_job

BROKEN = os.fsdecode(b"na\xffme")


def test_a_catalog_of_text_stays_as_it_is():
    items = (Item(path=Path("ä/1.png"), label="ä"), Item(path=Path("b/1.png"), label="b"))
    catalog = Catalog(root=Path(), classes=("ä", "b"), items=items)
    assert without_broken_names(catalog) == catalog


def test_a_file_whose_name_is_not_text_is_a_problem_that_can_be_written_down():
    good, bad = Item(path=Path("a/1.png"), label="a"), Item(path=Path(BROKEN), label="a")
    earlier = Problem(path=Path(f"{BROKEN}.txt"), reason="not an image")
    catalog = without_broken_names(
        Catalog(root=Path(), classes=("a", "b"), items=(good, bad), problems=(earlier,))
    )
    assert catalog.items == (good,)
    assert [str(problem.path) for problem in catalog.problems] == ["na�me.txt", "na�me"]
    assert "rename" in catalog.problems[1].reason


def test_notes_are_kept_and_can_be_written_down():
    notes = ("no file is left out", f"{BROKEN} is a strange word")
    catalog = without_broken_names(Catalog(root=Path(), classes=("a", "b"), items=(), notes=notes))
    assert catalog.notes == (notes[0], "na�me is a strange word")


def test_a_class_whose_name_is_not_text_is_refused():
    with pytest.raises(DatasetError, match="rename"):
        without_broken_names(Catalog(root=Path(), classes=("a", BROKEN), items=()))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_such_a_file_on_the_disk_neither_stops_reading_nor_training(tmp_path, registry):
    images = make_folder(tmp_path / "images")
    make_image(1, (9, 9, 9)).save(images / "red" / "good.png")
    (images / "red" / "good.png").rename(images / "red" / f"{BROKEN}.png")
    assert len(read_catalog(images, find_reader(images, registry.readers)).items) == 36
    events = run_job(small_job(images), registry, tmp_path / "run")
    (problem,) = of_kind(events, ProblemFound)
    assert problem.path.endswith("na�me.png")


def test_what_a_reader_notes_is_a_warning_of_the_run_and_no_problem(tmp_path, registry):
    images = make_folder(tmp_path / "images")
    rows = [f"{path.relative_to(images)},{path.parent.name},north" for path in _images_in(images)]
    table = images / "labels.csv"
    table.write_text("\n".join(["path,label,part", *rows]), "utf-8")
    events = run_job(small_job(table), registry, tmp_path / "run")
    assert of_kind(events, ProblemFound) == []
    (note,) = [one for one in of_kind(events, Notice) if "Column 'part'" in one.text]
    assert note.level == "warning"


def _images_in(folder):
    return sorted(folder.rglob("*.png"))
