from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from contenders.table import Row, labelled_images, read, split, write

from support.images import make_folder

ROWS = [Row(f"a/{n}.png", "a") for n in range(120)] + [Row(f"b/{n}.png", "b") for n in range(40)]


def test_parts_are_stratified_and_have_every_image_once() -> None:
    parts = split(ROWS, seed=0, images=None)
    assert Counter((row.label, row.part) for row in parts) == {
        ("a", "train"): 78,
        ("a", "validation"): 12,
        ("a", "test"): 30,
        ("b", "train"): 26,
        ("b", "validation"): 4,
        ("b", "test"): 10,
    }
    assert {row.path for row in parts} == {row.path for row in ROWS}


def test_a_seed_is_a_split() -> None:
    assert split(ROWS, 1, None) == split(ROWS, 1, None) != split(ROWS, 2, None)


def test_a_trial_takes_so_many_images_alone() -> None:
    trial = split(ROWS, 0, 40)
    assert len(trial) == 40
    assert Counter(row.label for row in trial) == {"a": 30, "b": 10}


def test_class_folders_are_found_below_their_root(tmp_path: Path) -> None:
    make_folder(tmp_path, per_class=2)
    root, rows = labelled_images(str(tmp_path))
    assert root == tmp_path.resolve()
    assert rows[0] == Row("blue/000.png", "blue")
    assert len(rows) == 6


def test_elpv_has_the_clear_cells_of_its_package() -> None:
    pytest.importorskip("elpv_dataset")
    root, rows = labelled_images("elpv")
    assert Counter(row.label for row in rows) == {"functional": 1508, "defective": 821}
    assert (root / rows[0].path).exists()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = [Row("a, b/ä.png", 'the "best"', "train"), Row("c.png", "d", "test")]
    write(rows, tmp_path / "table.csv")
    assert read(str(tmp_path / "table.csv")) == rows
