from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from graftwork.data.decoding import decode
from graftwork.data.suffixes import IMAGE_SUFFIXES
from graftwork_datasets.names import IMAGE_SUFFIXES as READERS_SUFFIXES
from graftwork_datasets.names import names_image


def test_the_readers_take_the_same_files_for_images() -> None:
    assert READERS_SUFFIXES == IMAGE_SUFFIXES
    assert all(names_image(f"a{suffix.upper()}") for suffix in IMAGE_SUFFIXES)


@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES - {".heic", ".heif"}))
def test_what_ends_so_can_be_decoded(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"image{suffix}"
    Image.new("1" if suffix == ".pbm" else "L" if suffix == ".pgm" else "RGB", (5, 4)).save(file)
    assert decode(file, 3).shape == (4, 5, 3)
