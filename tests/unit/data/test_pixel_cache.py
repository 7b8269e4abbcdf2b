from __future__ import annotations

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from graftwork.data.cache_folder import writer_mark
from graftwork.data.input_spec import IntensityRange
from graftwork.data.pixel_cache import PixelCache
from graftwork.plugin_api import DatasetError

SHAPE = (4, 4, 3)


def fill(cache: PixelCache, key: str, rows: int = 3) -> None:
    with cache.write(key, rows, SHAPE) as writer:
        for row in range(rows):
            writer.add(np.full(SHAPE, row, np.uint8), f"hash {row}")


def names(folder: Path) -> list[str]:
    """The keys of what lies in the folder."""
    return sorted(entry.name.partition("-")[0] for entry in folder.iterdir())


def place_of(folder: Path, key: str) -> Path:
    (place,) = folder.glob(f"{key}-*")
    return place


def test_what_is_written_is_read(tmp_path: Path) -> None:
    cache = PixelCache(tmp_path)
    with cache.write("a", 3, SHAPE) as writer:
        writer.intensity = IntensityRange(low=1, high=2)
        writer.add(np.full(SHAPE, 7, np.uint8), "first")
        writer.leave_out("too blue")
        writer.add(np.full(SHAPE, 9, np.uint8), "third")
    stored = cache.open("a")
    assert stored is not None
    assert stored.index.intensity == IntensityRange(low=1, high=2)
    assert [entry.reason for entry in stored.index.entries] == [None, "too blue", None]
    assert stored.array.shape == (2, *SHAPE)
    assert stored.array[:, 0, 0, 0].tolist() == [7, 9]
    assert not stored.array.flags.writeable
    assert cache.open("b") is None


@pytest.mark.parametrize("damage", ["cut", "no index", "bad index", "no pixels", "other pixels"])
def test_a_damaged_cache_is_not_opened_and_can_be_written_again(
    tmp_path: Path, damage: str
) -> None:
    cache = PixelCache(tmp_path)
    fill(cache, "a")
    pixels, index = (place_of(tmp_path, "a") / name for name in ("pixels.npy", "index.json"))
    match damage:
        case "cut":
            pixels.write_bytes(pixels.read_bytes()[:-1])
        case "no index":
            index.unlink()
        case "bad index":
            index.write_text(index.read_text()[:-20])
        case "no pixels":
            pixels.write_bytes(b"")
        case "other pixels":
            np.save(pixels, np.zeros((2, *SHAPE), np.uint8))
    assert cache.open("a") is None
    fill(cache, "a")
    assert cache.open("a") is not None
    assert names(tmp_path).count("a") == (2 if damage == "no index" else 1)


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    cache = PixelCache(tmp_path)

    def write() -> None:
        with cache.write("a", 3, SHAPE) as writer:
            writer.add(np.zeros(SHAPE, np.uint8), "first")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert names(tmp_path) == []


def test_litter_of_killed_processes_is_removed_but_not_of_living_ones(tmp_path: Path) -> None:
    machine = writer_mark().split("-")[1]
    killed, living = (tmp_path / f"a-{pid}-{machine}-x" for pid in (999999999, os.getpid()))
    killed.mkdir()
    living.mkdir()
    fill(PixelCache(tmp_path), "b")
    assert names(tmp_path) == ["a", "b"]
    assert living.is_dir()


def test_what_another_machine_writes_stays_for_a_day(tmp_path: Path) -> None:
    fresh, old = (tmp_path / f"a-999999999-{machine}-x" for machine in ("0ther", "0lder"))
    fresh.mkdir()
    old.mkdir()
    os.utime(old, (0, 0))
    fill(PixelCache(tmp_path), "b")
    assert fresh.is_dir()
    assert not old.exists()


def test_what_another_process_kept_stays(tmp_path: Path) -> None:
    fill(PixelCache(tmp_path), "a")
    place_of(tmp_path, "a").rename(tmp_path / "a-999999999-0ther-x")
    fill(PixelCache(tmp_path), "b")
    assert names(tmp_path) == ["a", "b"]
    assert PixelCache(tmp_path).open("a") is not None


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    for age, key in enumerate(("oldest", "older")):
        fill(PixelCache(tmp_path), key)
        os.utime(place_of(tmp_path, key) / "index.json", (age, age))
    size = sum(file.stat().st_size for file in place_of(tmp_path, "older").iterdir())
    room_for_two = PixelCache(tmp_path, limit=2 * size)
    assert room_for_two.open("oldest") is not None  # it is now used later than the other
    fill(room_for_two, "new")
    assert names(tmp_path) == ["new", "oldest"]


def test_a_cache_larger_than_the_limit_stands_alone(tmp_path: Path) -> None:
    tight = PixelCache(tmp_path, limit=1)
    fill(tight, "a")
    fill(tight, "b")
    assert names(tmp_path) == ["b"]
    assert tight.open("b") is not None


def test_a_full_disk_is_refused_before_it_is_filled(tmp_path: Path) -> None:
    with (
        pytest.raises(DatasetError, match=r"need \d+\.\d GiB in .* are free"),
        PixelCache(tmp_path).write("a", 10**9, (1000, 1000, 3)),
    ):
        pytest.fail("it began to write")
    assert names(tmp_path) == []


def test_a_disk_that_fills_up_meanwhile_is_reported(tmp_path: Path) -> None:
    with (
        pytest.raises(DatasetError, match=r"need 0\.\d GiB"),
        PixelCache(tmp_path).write("a", 3, SHAPE),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    cache = PixelCache(tmp_path / "cache")

    def write() -> None:
        with cache.write("a", 3, SHAPE) as writer:
            writer.add(np.zeros(SHAPE, np.uint8), "first")
            shutil.rmtree(tmp_path / "cache")

    with pytest.raises(DatasetError, match="cannot be kept"):
        write()


def test_what_was_written_stays_readable_when_another_removes_it(tmp_path: Path) -> None:
    with PixelCache(tmp_path).write("a", 2, SHAPE) as writer:
        for row in (7, 9):
            writer.add(np.full(SHAPE, row, np.uint8), f"hash {row}")
    fill(PixelCache(tmp_path, limit=1), "b")
    assert names(tmp_path) == ["b"]
    assert writer.stored.array[:, 0, 0, 0].tolist() == [7, 9]
    assert writer.stored.index.rows == 2


def test_the_second_of_two_equal_passes_is_used_but_not_kept(tmp_path: Path) -> None:
    cache = PixelCache(tmp_path)
    with cache.write("a", 1, SHAPE) as writer:
        fill(cache, "a")
        writer.add(np.full(SHAPE, 9, np.uint8), "second")
    assert writer.stored.array[0, 0, 0, 0] == 9
    assert names(tmp_path) == ["a"]
    kept = cache.open("a")
    assert kept is not None
    assert kept.index.rows == 3


def test_a_pass_with_a_failure_that_may_pass_is_used_but_not_kept(tmp_path: Path) -> None:
    cache = PixelCache(tmp_path)
    with cache.write("a", 2, SHAPE) as writer:
        writer.add(np.full(SHAPE, 7, np.uint8), "first")
        writer.leave_out("the drive is away", may_pass=True)
    assert len(writer.stored.array) == writer.stored.index.rows == 1
    assert cache.open("a") is None
    assert names(tmp_path) == []


def test_threads_that_write_and_remove_the_same_do_not_disturb_each_other(tmp_path: Path) -> None:
    def work(number: int) -> int:
        cache = PixelCache(tmp_path, limit=1)  # so that each removes what the others wrote
        key = f"key{number % 3}"
        if stored := cache.open(key):
            return len(stored.array)
        with cache.write(key, 2, SHAPE) as writer:
            for row in range(2):
                writer.add(np.full(SHAPE, row, np.uint8), f"hash {row}")
        return int(writer.stored.array.sum() / np.prod(SHAPE)) + 1

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(300))) == {2}
