from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from graftwork.data.catalog import find_reader, offers_of, read_catalog, readers_for, warnings_of
from graftwork.plugin_api import Catalog, DatasetError, DatasetReader, Item


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answer: int = 42


def catalog_of(counts: dict[str, int], root: Path = Path("pictures")) -> Catalog:
    items = [
        Item(path=root / label / f"{index}.png", label=label)
        for label, count in counts.items()
        for index in range(count)
    ]
    return Catalog(root=root, classes=tuple(counts), items=tuple(items))


AB: Any = catalog_of({"a": 1, "b": 1})


def reader(name: str, *, ending: str = "", gives: Any = None) -> DatasetReader:
    def read(path: Path, options: Options) -> Catalog:
        if isinstance(gives, Exception):
            raise gives
        return gives or catalog_of({"a": options.answer, "b": 1}, path)

    return DatasetReader(
        name=name,
        title=name.title(),
        summary=f"All about {name}",
        recognises=lambda path: path.suffix == ending,
        options=Options,
        read=read,
    )


FOLDERS = reader("folders")
READERS = {r.name: r for r in (FOLDERS, reader("tables", ending=".csv"))}


def test_the_first_reader_that_recognises_the_path_is_found(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.touch()
    assert find_reader(tmp_path, READERS).name == "folders"
    assert find_reader(table, READERS).name == "tables"


def test_readers_that_were_installed_later_are_asked_first(tmp_path: Path) -> None:
    """Graftwork's own are the first of the registry, and take every folder."""
    more = {**READERS, "scans": reader("scans")}
    assert find_reader(tmp_path, more).name == "scans"
    assert [r.name for r in readers_for(tmp_path, more)] == ["scans", "folders"]


def test_what_cannot_be_found_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no file or folder"):
        find_reader(tmp_path / "gone", READERS)
    with pytest.raises(DatasetError, match="no file or folder"):
        read_catalog(tmp_path / "gone", FOLDERS)
    slide = tmp_path / "a.slide"
    slide.touch()
    with pytest.raises(DatasetError, match="All about tables"):
        find_reader(slide, READERS)


@pytest.mark.parametrize("name", ["labels.xlsx", "labels.XLS", "labels.ods"])
def test_of_a_spreadsheet_it_is_said_what_to_save(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(DatasetError, match="save its sheet as CSV"):
        find_reader(tmp_path / name, READERS)


def test_a_reader_that_fails_to_look_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(path: Path) -> bool:
        raise PermissionError(path)

    faulty = replace(reader("faulty"), recognises=fail)
    assert find_reader(tmp_path, {**READERS, "faulty": faulty}).name == "folders"
    assert f"Reader 'faulty' failed to look at {tmp_path}" in caplog.text
    with pytest.raises(DatasetError, match="No dataset reader"):
        find_reader(tmp_path, {"faulty": faulty})


def test_options_reach_the_reader(tmp_path: Path) -> None:
    assert read_catalog(tmp_path, FOLDERS).counts() == {"a": 42, "b": 1}
    told = read_catalog(tmp_path, FOLDERS, {"answer": "3"})
    assert told.counts() == {"a": 3, "b": 1}


@pytest.mark.parametrize("options", [{"answer": "many"}, {"question": 1}])
def test_wrong_options_are_named(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(DatasetError, match=f"{next(iter(options))} .* options: answer"):
        read_catalog(tmp_path, FOLDERS, options)


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (DatasetError("no such thing"), "^no such thing$"),
        (KeyError("label"), "'faulty' failed on .*KeyError"),
        (catalog_of({"only": 3}), "two different classes"),
        (Catalog(root=Path(), classes=("a", "a"), items=()), "two different classes"),
        (
            Catalog(root=Path(), classes=("a", "b"), items=(Item(path=Path("x"), label="c"),)),
            "labels that are no classes: c",
        ),
        ([1], "'faulty' read .* and gave list where a Catalog is due"),
        (replace(AB, classes=("a", "")), "gave among classes: ''"),
        (replace(AB, items=(replace(AB.items[0], path="x"),)), "gave among items: Item.*path='x'"),
        (replace(AB, items=(replace(AB.items[0], label=1),)), "gave among items: Item.*label=1"),
        (replace(AB, items=(replace(AB.items[0], part="training"),)), "part='training'"),
        (replace(AB, problems=("x.png",)), "gave among problems: 'x.png'"),
        (replace(AB, notes="hello"), "notes that are no tuple: 'hello'"),
    ],
)
def test_faults_of_readers_become_dataset_errors(tmp_path: Path, gives: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_catalog(tmp_path, reader("faulty", gives=gives))


def test_what_a_reader_notes_is_warned_of_first() -> None:
    catalog = replace(catalog_of({"many": 10, "few": 9}), notes=("All of one day.",))
    assert [text.split(":")[0] for text in warnings_of(catalog)] == [
        "All of one day.",
        "Class 'few' has only 9 images",
    ]


def test_a_class_with_few_images_is_warned_of() -> None:
    assert warnings_of(catalog_of({"many": 10, "enough": 11})) == []
    (warning,) = warnings_of(catalog_of({"many": 10, "one": 1}))
    assert warning.startswith("Class 'one' has only 1 image: results for it ")


def test_of_many_classes_with_few_images_five_are_named_in_one_warning() -> None:
    (warning,) = warnings_of(catalog_of({"many": 10, "few": 9, "none": 0}))
    few = "2 classes have fewer than 10 images, 'few' (9), 'none' (0): results for them will be"
    assert warning.startswith(few)
    (warning,) = warnings_of(catalog_of({f"c{number}": number for number in range(12)}))
    assert "10 classes have" in warning
    assert "'c4' (4) and 5 more: " in warning
    assert "'c5'" not in warning


def test_a_reader_that_cannot_say_what_a_path_offers_offers_nothing(tmp_path: Path) -> None:
    def fails(_path: Path) -> dict[str, list[str]]:
        raise DatasetError("it is empty")

    alone = reader("alone")
    assert offers_of(alone, tmp_path) == {}
    assert offers_of(replace(alone, offers=fails), tmp_path) == {}
    assert offers_of(replace(alone, offers=lambda _: {"a": 5}), tmp_path) == {}
    assert offers_of(replace(alone, offers=lambda _: {"a": [1, "b"]}), tmp_path) == {
        "a": ("1", "b")
    }
