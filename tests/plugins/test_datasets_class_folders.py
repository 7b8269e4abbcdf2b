from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from graftwork.plugin_api import Catalog, DatasetError
from graftwork_datasets.class_folders import CLASS_FOLDERS, ClassFolderOptions, read_class_folders
from support.images import make_folder, make_image


def touch(root: Path, *names: str) -> Path:
    """Files of these names; the reader goes by names and must not open them."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def read(root: Path, **options: str) -> Catalog:
    return read_class_folders(root, ClassFolderOptions(**options))


def facts(catalog: Catalog) -> list[tuple[str, str, str | None]]:
    root = catalog.root
    return [(i.path.relative_to(root).as_posix(), i.label, i.part) for i in catalog.items]


def reasons(catalog: Catalog) -> dict[str, str]:
    return {p.path.relative_to(catalog.root).as_posix(): p.reason for p in catalog.problems}


def test_each_folder_is_a_class(tmp_path: Path) -> None:
    catalog = read(make_folder(tmp_path / "images", 3))
    assert catalog.classes == ("blue", "green", "red")
    assert catalog.counts() == {"blue": 3, "green": 3, "red": 3}
    assert catalog.problems == ()
    assert all(item.path.is_file() for item in catalog.items)


def test_items_are_in_the_order_of_their_paths(tmp_path: Path) -> None:
    catalog = read(touch(tmp_path, "b/2.png", "b/10.png", "a/é.png", "a/z.png", "a/B.png"))
    paths = [item.path for item in catalog.items]
    assert paths == sorted(paths)


def test_folders_named_as_parts_give_the_parts(tmp_path: Path) -> None:
    names = ("train/a/1.png", "Val/a/2.png", "TEST/a/3.png", "train/b/4.png", "valid/b/5.png")
    catalog = read(touch(tmp_path, *names))
    assert catalog.classes == ("a", "b")
    assert facts(catalog) == [
        ("TEST/a/3.png", "a", "test"),
        ("Val/a/2.png", "a", "validation"),
        ("train/a/1.png", "a", "train"),
        ("train/b/4.png", "b", "train"),
        ("valid/b/5.png", "b", "validation"),
    ]


def test_a_part_alone_is_a_part(tmp_path: Path) -> None:
    catalog = read(touch(tmp_path, "train/a/1.png", "train/b/1.png"))
    assert {(item.label, item.part) for item in catalog.items} == {("a", "train"), ("b", "train")}


@pytest.mark.parametrize(
    "names",
    [
        ("train/1.png", "bus/1.png"),
        ("train/1.png", "test/1.png"),
        ("train/steam/1.png", "bus/1.png"),
    ],
)
def test_a_class_may_be_called_train(tmp_path: Path, names: tuple[str, ...]) -> None:
    catalog = read(touch(tmp_path, *names))
    assert {item.part for item in catalog.items} == {None}
    assert any(name.startswith("train") for name in catalog.classes)


def test_nested_classes_are_joined(tmp_path: Path) -> None:
    catalog = read(touch(tmp_path, "bird/owl/1.png", "bird/1.png", "fish/sea/cod/1.png"))
    assert catalog.classes == ("bird", "bird/owl", "fish/sea/cod")
    catalog = read(touch(tmp_path / "parts", "train/bird/owl/1.png", "test/fish/1.png"))
    assert catalog.classes == ("bird/owl", "fish")


def test_a_folder_that_holds_all_classes_names_none(tmp_path: Path) -> None:
    names = ("list.txt", "data/images/cat/1.png", "data/images/dog/big/1.png", "front.png")
    catalog = read(touch(tmp_path, *names))
    assert catalog.classes == ("cat", "dog/big")
    assert catalog.root == tmp_path
    assert reasons(catalog) == {
        "list.txt": "not an image file: .txt",
        "front.png": "lies outside any class folder",
    }


def test_parts_may_lie_in_a_folder_that_holds_all(tmp_path: Path) -> None:
    catalog = read(touch(tmp_path, "images/train/a/1.png", "images/train/b/1.png"))
    assert {(item.label, item.part) for item in catalog.items} == {("a", "train"), ("b", "train")}
    more = ("images/val/a/2.png", "images/test/b/2.png", "images/readme/3.png")
    catalog = read(touch(tmp_path, *more))
    assert {item.part for item in catalog.items} == {"train", "validation", "test"}
    assert catalog.classes == ("a", "b")
    assert reasons(catalog) == {
        "images/readme/3.png": "lies outside the folders of the parts (train, val, test)"
    }


def test_a_class_that_lies_in_another_keeps_both_names(tmp_path: Path) -> None:
    catalog = read(touch(tmp_path, "bird/1.png", "bird/owl/1.png"))
    assert catalog.classes == ("bird", "bird/owl")


def test_links_are_followed_and_circles_survived(tmp_path: Path) -> None:
    stock = touch(tmp_path / "stock", "a/1.png", "b/2.png")
    root = tmp_path / "root"
    (root / "c").mkdir(parents=True)
    (root / "a").symlink_to(stock / "a", target_is_directory=True)
    (root / "c" / "linked.png").symlink_to(stock / "b" / "2.png")
    (root / "c" / "up").symlink_to(root, target_is_directory=True)
    (root / "c" / "itself").symlink_to(root / "c" / "itself")
    catalog = read(root)
    assert facts(catalog) == [("a/1.png", "a", None), ("c/linked.png", "c", None)]
    assert reasons(catalog) == {"c/itself": "a broken link, or not a file"}


def test_a_broken_link_and_a_pipe_are_problems(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "a" / "2.png").symlink_to(tmp_path / "gone.png")
    os.mkfifo(tmp_path / "b" / "2.png")
    assert reasons(read(tmp_path)).keys() == {"a/2.png", "b/2.png"}


def test_class_names_are_the_same_however_accents_are_written(tmp_path: Path) -> None:
    one, other = (unicodedata.normalize(form, "Müsli é") for form in ("NFC", "NFD"))
    catalog = read(touch(tmp_path, f"train/{one}/1.png", f"test/{other}/1.png", "train/日本/1.png"))
    assert catalog.classes == (one, "日本")


def test_litter_is_passed_over_and_strangers_are_problems(tmp_path: Path) -> None:
    litter = ("a/Thumbs.db", "a/.DS_Store", ".git/a/1.png", "__MACOSX/a/1.png", "b/desktop.ini")
    papers = ("README.md", "LICENSE", "b/readme", "Citation.cff", "COPYING.txt")
    strangers = ("a/notes.txt", "b/data", "outside.jpg", "labels.csv")
    images = ("a/1.JPG", "b/1.tiff", "b/2.heic", "license/readme.png")
    catalog = read(touch(tmp_path, *images, *litter, *papers, *strangers))
    assert catalog.counts() == {"a": 1, "b": 2, "license": 1}
    assert reasons(catalog) == {
        "a/notes.txt": "not an image file: .txt",
        "b/data": "not an image file: data",
        "labels.csv": "not an image file: .csv",
        "outside.jpg": "lies outside any class folder",
    }


def test_empty_folders_are_told(tmp_path: Path) -> None:
    folder = touch(tmp_path, "a/1.png", "b/2.png", "c/.DS_Store")
    assert read(folder).notes == ("The folder c is empty, and left out.",)
    for name in "gfed":
        (folder / name).mkdir()
    assert read(folder).notes == ("5 folders are empty, and left out: c, d, e and 2 more.",)


def test_images_beside_the_parts_are_problems(tmp_path: Path) -> None:
    names = ("train/a/1.png", "test/b/1.png", "train/1.png", "extra/a/1.png", "1.png")
    assert reasons(read(touch(tmp_path, *names))) == {
        "train/1.png": "lies outside any class folder",
        "extra/a/1.png": "lies outside the folders of the parts (train, val, test)",
        "1.png": "lies outside any class folder",
    }


@pytest.mark.parametrize(
    ("names", "found"),
    [((), "no class folders"), (("1.png",), "no class folders"), (("a/1.png",), "one class only")],
)
def test_a_folder_to_learn_nothing_from_is_refused(
    tmp_path: Path, names: tuple[str, ...], found: str
) -> None:
    with pytest.raises(DatasetError, match=f"{found}.*one folder for each class"):
        read(touch(tmp_path, *names))


def test_the_group_pattern_finds_what_belongs_together(tmp_path: Path) -> None:
    touch(tmp_path, "pollen/P10057-125r.jpg", "no/NP10057-1r.jpg", "no/other.jpg")
    found = read(tmp_path, group_pattern=r"P(\d+)-")
    assert [item.group for item in found.items] == ["10057", None, "10057"]
    whole = read(tmp_path, group_pattern=r"P\d+")
    assert [item.group for item in whole.items] == ["P10057", None, "P10057"]
    assert whole.grouped() == "2 images in 1 group, the largest of 2"


def test_names_without_what_the_group_pattern_looks_for_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "a/P1-1.jpg", "a/P1-2.jpg", "b/other.jpg")
    assert read(tmp_path).notes == read(tmp_path, group_pattern=".*").notes == ()
    assert read(tmp_path).grouped() == ""
    (some,) = read(tmp_path, group_pattern=r"P(\d+)-").notes
    assert r"P(\d+)- finds nothing in 1 of 3 names of images, such as other.jpg" in some
    (none,) = read(tmp_path, group_pattern=r"Z(\d+)").notes
    assert "nothing in 3 of 3 names" in none


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_group_pattern_finds_accents_in_any_form(
    tmp_path: Path, form: Literal["NFC", "NFD"]
) -> None:
    touch(tmp_path, *(unicodedata.normalize(form, name) for name in ("a/Bär1.jpg", "b/Rä2.jpg")))
    found = read(tmp_path, group_pattern=r"(.ä)\w")
    assert [item.group for item in found.items] == ["Bä", "Rä"]


def test_a_faulty_group_pattern_is_refused() -> None:
    with pytest.raises(ValidationError, match="not a regular expression"):
        ClassFolderOptions(group_pattern="P(")


def test_folders_are_recognised(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.touch()
    assert CLASS_FOLDERS.recognises(tmp_path)
    assert not CLASS_FOLDERS.recognises(file)
    assert not CLASS_FOLDERS.recognises(tmp_path / "gone")


def test_a_folder_that_cannot_be_opened_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a/1.png", "b/1.png", "c/1.png")
    scan = os.scandir

    def forbidding(folder: Path) -> object:
        if Path(folder).name == "b":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    with monkeypatch.context() as patch:  # what removes the folder afterwards needs the real one
        patch.setattr(os, "scandir", forbidding)
        catalog = read(tmp_path)
    assert catalog.classes == ("a", "c")
    assert reasons(catalog) == {"b": "cannot be opened: Permission denied"}


def test_originals_are_not_touched(tmp_path: Path) -> None:
    root = make_folder(tmp_path / "images", 2)
    make_image(0, (1, 2, 3)).save(root / "outside.png")
    before = {file: file.stat() for file in root.rglob("*")}
    read(root)
    after = {file: file.stat() for file in root.rglob("*")}
    assert {f: (s.st_mtime_ns, s.st_size) for f, s in before.items()} == {
        f: (s.st_mtime_ns, s.st_size) for f, s in after.items()
    }
