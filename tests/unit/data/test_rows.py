from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graftwork.data import rows as rows_module
from graftwork.data.decoding import decode
from graftwork.data.input_spec import InputSpec
from graftwork.data.rows import NoRow, Row, RowMaker, portions

SPEC = InputSpec(
    size=16,
    channels=3,
    fit="squash",
    crop_fraction=0.875,
    interpolation="bicubic",
    mean=(0.5,) * 3,
    std=(0.5,) * 3,
)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = np.random.default_rng(0)
    paths = []
    for place, size in enumerate([(30, 20), (30, 20), (17, 40), (30, 20), (30, 20)]):
        paths.append(tmp_path / f"{place}.png")
        Image.fromarray(made.integers(0, 256, (*size, 3), np.uint8)).save(paths[-1])
    return paths


def _facts(made: list[Row | NoRow]) -> list[tuple[bytes, str]]:
    return [(row.pixels.tobytes(), row.sha256) for row in made if isinstance(row, Row)]


def test_files_together_give_what_each_gives_alone(files: list[Path]) -> None:
    make = RowMaker(SPEC, decode)
    together = _facts(make(files))
    assert together == [fact for path in files for fact in _facts(make([path]))]
    assert [sha256 for _, sha256 in together] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    ]


def test_a_file_without_a_row_leaves_the_others_in_their_places(files: list[Path]) -> None:
    whole = RowMaker(SPEC, decode)(files)
    files[1].write_bytes(files[1].read_bytes()[:60])
    files[4].unlink()
    made = RowMaker(SPEC, decode)(files)
    assert [isinstance(row, Row) for row in made] == [True, False, True, True, False]
    assert _facts(made) == _facts([whole[place] for place in (0, 2, 3)])


@pytest.mark.parametrize(
    "failure", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_files_that_have_no_room_together_are_made_one_by_one(
    files: list[Path], monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    expected = RowMaker(SPEC, decode)(files)
    resize_images = rows_module.resize_images

    def with_little_memory(images, spec):
        if len(images) > 1 or images.shape[2] == 40:
            raise failure
        return resize_images(images, spec)

    monkeypatch.setattr(rows_module, "resize_images", with_little_memory)
    made = RowMaker(SPEC, decode)(files)
    assert made[2] == NoRow("there is not enough memory for it", may_pass=True)
    assert _facts(made) == _facts([row for row in expected if row is not expected[2]])


def test_large_images_are_not_in_memory_together(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _facts(RowMaker(SPEC, decode)(files))
    together = []
    resize_images = rows_module.resize_images

    def noting(images, spec):
        together.append(len(images))
        return resize_images(images, spec)

    monkeypatch.setattr(rows_module, "resize_images", noting)
    monkeypatch.setattr(rows_module, "_BYTES", 2 * 30 * 20 * 3)
    assert _facts(RowMaker(SPEC, decode)(files)) == expected
    assert together == [2, 1, 1, 1]


def test_a_few_files_go_together(files: list[Path]) -> None:
    assert [len(portion) for portion in portions(files)] == [4, 1]
    assert [path for portion in portions(files) for path in portion] == files
    assert list(portions([])) == []
