from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from graftwork.data import cache_folder
from graftwork.data.cache_folder import CacheFolder, NoRoomError, keep, mark_used


def fill(caches: CacheFolder, key: str, size: int, age: int) -> Path:
    with caches.write(key, size) as place:
        (place / "rows").write_bytes(b"0" * (size - 2))
        keep(place, "{}")
    os.utime(place / "index.json", (age, age))
    return place


def test_only_kept_places_stay_and_are_found_under_their_key(tmp_path: Path) -> None:
    caches = CacheFolder(tmp_path / "new", 1000)
    first, second = fill(caches, "a", 10, 1), fill(caches, "a", 10, 2)
    with caches.write("a", 10) as dropped:
        (dropped / "rows").write_bytes(b"0")
    assert caches.find("a") == sorted([first, second])
    assert not dropped.exists()
    assert caches.find("") == []


def test_what_this_process_has_written_since_a_moment_is_known(tmp_path: Path) -> None:
    caches = CacheFolder(tmp_path, 1000)
    old, new = fill(caches, "a", 10, 1), fill(caches, "b", 20, 2)
    others = tmp_path / f"c-1-{'0' * 8}-x"
    others.mkdir()
    (others / "rows").write_bytes(b"0" * 500)
    os.utime(old, (1000, 1000))
    assert caches.written_since(new.stat().st_mtime) == 20
    assert caches.written_since(0) == 30


def test_the_least_recently_used_make_room_but_for_those_that_are_needed(tmp_path: Path) -> None:
    caches = CacheFolder(tmp_path, 100)
    needed, oldest, used = (fill(caches, name, 30, age) for age, name in enumerate("abc"))
    mark_used(used)
    with caches.write("d", 40, kept=[needed]):
        pass
    assert [place.exists() for place in (needed, oldest, used)] == [True, False, True]


def test_old_places_make_room_on_a_full_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches = CacheFolder(tmp_path, 10**6)
    old, used = fill(caches, "a", 500, 1), fill(caches, "b", 500, 2)

    def usage(_: object) -> object:
        return SimpleNamespace(free=1000 if not old.exists() else 500)

    monkeypatch.setattr(cache_folder, "_SPARE", 100)
    monkeypatch.setattr(cache_folder.shutil, "disk_usage", usage)
    with caches.write("c", 600):
        pass
    assert [place.exists() for place in (old, used)] == [False, True]


def test_a_full_disk_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_folder, "_SPARE", 2**60)
    with pytest.raises(NoRoomError) as error, CacheFolder(tmp_path, 100).write("a", 1):
        pytest.fail("there is no room to write in")
    assert error.value.needed == 2**60 + 1
    assert error.value.free < error.value.needed
    assert list(tmp_path.iterdir()) == []
