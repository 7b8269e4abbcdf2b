from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graftwork.export.image_files import image_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.PNG", "a.jpg", "notes.txt", ".hidden.png", "sub/ü.tiff", "sub/deep/c.webp"):
        file = tmp_path / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path / "images"


def _names(folder: Path, *paths: Path) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in image_files(paths)]


def test_folders_are_searched_in_order(folder: Path) -> None:
    assert _names(folder, folder) == ["a.jpg", "b.PNG", "sub/deep/c.webp", "sub/ü.tiff"]


def test_named_files_come_whatever_they_are(folder: Path) -> None:
    named = [folder / "notes.txt", folder / "missing", folder / ".hidden.png"]
    assert _names(folder, *named) == ["notes.txt", "missing", ".hidden.png"]


def test_no_file_comes_twice(folder: Path) -> None:
    found = _names(folder, folder / "b.PNG", folder, folder / "sub")
    assert found == ["b.PNG", "a.jpg", "sub/deep/c.webp", "sub/ü.tiff"]


def test_links_are_followed_but_not_in_circles(folder: Path) -> None:
    (folder / "sub" / "back").symlink_to(folder, target_is_directory=True)
    (folder / "z.png").symlink_to(folder / "a.jpg")
    assert _names(folder, folder) == ["a.jpg", "b.PNG", "sub/deep/c.webp", "sub/ü.tiff", "z.png"]


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    assert list(image_files([tmp_path])) == []


def test_a_folder_that_cannot_be_read_is_given_in_place_of_its_files(folder: Path) -> None:
    found = image_files([folder])
    assert next(found) == folder / "a.jpg"
    shutil.rmtree(folder / "sub")
    assert list(found) == [folder / "b.PNG", folder / "sub"]


def test_what_was_found_is_found_again(folder: Path) -> None:
    """So that files can be counted before they are predicted."""
    files = list(image_files([folder, folder / "notes.txt"]))
    assert list(image_files(files)) == files
