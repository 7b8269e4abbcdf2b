from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from graftwork.data.split import SplitError
from graftwork.engine.events import DataReady, Notice, TrainingEvent
from graftwork.engine.split_file import SPLIT_FILE
from graftwork.plugin_host.registry import Registry
from support.images import make_folder
from support.jobs import of_kind, run_job, small_job


def trained(data: Path, registry: Registry, run: Path) -> list[TrainingEvent]:
    return run_job(small_job(data, settings={"epochs": 1}), registry, run)


def warnings(events: list[TrainingEvent], word: str) -> list[str]:
    found = [event for event in of_kind(events, Notice) if event.level == "warning"]
    return [event.text for event in found if word in event.text]


def parts(run: Path) -> dict[str, str]:
    split = json.loads((run / SPLIT_FILE).read_text("utf-8"))
    return {path: part for part in ("train", "validation", "test") for path in split[part]}


def test_copies_stay_together_and_are_warned_of(
    images: Path, registry: Registry, tmp_path: Path
) -> None:
    for index in range(10):
        shutil.copy(images / "red" / f"{index:03}.png", images / "red" / f"copy-{index}.png")
    events = trained(images, registry, tmp_path / "run")
    (text,) = warnings(events, "exact cop")
    assert text.startswith(
        "10 images are exact copies of others (such as red/000.png and red/copy-0.png); copies "
        "stay together in the split"
    )
    found = parts(tmp_path / "run")
    for index in range(10):
        assert found[f"red/{index:03}.png"] == found[f"red/copy-{index}.png"]
    assert not warnings(events, "two labels")
    assert not warnings(events, "flatter")
    places = [events.index(event) for event in events if isinstance(event, Notice | DataReady)]
    assert places == sorted(places)


def test_one_content_under_two_labels_is_named(
    images: Path, registry: Registry, tmp_path: Path
) -> None:
    for index in range(5):
        shutil.copy(images / "red" / f"{index:03}.png", images / "blue" / f"red-{index}.png")
    events = trained(images, registry, tmp_path / "run")
    (text,) = warnings(events, "two labels")
    assert "blue/red-0.png ('blue') and red/000.png ('red'); blue/red-1.png" in text
    assert "red-3" not in text
    assert "; and 2 more. Keep" in text
    found = parts(tmp_path / "run")
    assert all(found[f"red/{n:03}.png"] == found[f"blue/red-{n}.png"] for n in range(5))


def test_one_copy_is_one(images: Path, registry: Registry, tmp_path: Path) -> None:
    shutil.copy(images / "red" / "000.png", images / "red" / "again.png")
    (text,) = warnings(trained(images, registry, tmp_path / "run"), "exact cop")
    assert text.startswith("1 image is an exact copy of another (such as red/000.png and red/again")


def test_copies_in_the_users_own_parts_stay_there_and_flatter(
    registry: Registry, tmp_path: Path
) -> None:
    train, test = make_folder(tmp_path / "data" / "train"), tmp_path / "data" / "test"
    for name in ("blue", "red"):
        (test / name).mkdir(parents=True)
        for index in range(4):
            (train / name / f"{index:03}.png").rename(test / name / f"{index:03}.png")
    (train / "green").rename(tmp_path / "green")
    for index in range(4, 7):
        shutil.copy(train / "red" / f"{index:03}.png", test / "red" / f"copy-{index}.png")
    events = trained(tmp_path / "data", registry, tmp_path / "run")
    (text,) = warnings(events, "flatter")
    assert text.startswith("3 of the 11 test images are exact copies of training or validation")
    found = parts(tmp_path / "run")
    assert [found[f"test/red/copy-{index}.png"] for index in range(4, 7)] == ["test"] * 3
    assert {found[f"train/red/{index:03}.png"] for index in range(4, 7)} == {"train"}


def test_images_without_copies_are_not_warned_of(
    images: Path, registry: Registry, tmp_path: Path
) -> None:
    assert not warnings(trained(images, registry, tmp_path / "run"), "cop")


def test_too_many_copies_are_told_before_the_split_is_refused(
    images: Path, registry: Registry, tmp_path: Path
) -> None:
    for name in ("blue", "green", "red"):
        for file in (images / name).iterdir():
            if file.name != "000.png":
                shutil.copy(images / name / "000.png", file)
    with pytest.raises(SplitError, match="exact copies of an image count as one"):
        trained(images, registry, tmp_path / "run")
