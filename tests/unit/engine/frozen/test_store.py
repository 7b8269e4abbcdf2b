from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from graftwork.engine.frozen.store import ActivationStore

ROW = np.zeros((2, 3), np.float16)


def _rows(*numbers):
    return np.stack([np.full((2, 3), number, np.float16) for number in numbers])


def _write(store, key, numbers, kept=()):
    with store.write(key, [f"image {n}" for n in numbers], ROW, kept) as writer:
        writer.add(_rows(*numbers))
    return writer.place


@pytest.fixture
def store(tmp_path):
    return ActivationStore(tmp_path)


def test_rows_come_back_by_image_from_any_of_the_files(store):
    _write(store, "a", [1, 2])
    _write(store, "a", [3, 4, 5])
    _write(store, "b", [6])
    shelf = store.open("a")
    rows = shelf.rows(["image 5", "image 1", "image 3", "image 5"])
    for places, expected in (([0, 1, 2, 3], [5, 1, 3, 5]), ([1], [1]), ([3, 1], [5, 1])):
        found = rows.gather(np.array(places))
        assert found.dtype == np.float16
        assert np.array_equal(found, _rows(*expected))
        found[:] = 0  # a copy
    assert not rows.arrays[0].flags.writeable
    with pytest.raises(KeyError):
        shelf.rows(["image 6"])


def test_missing_images_are_named_once_at_their_first_place(store):
    _write(store, "a", [1, 2])
    wanted = ["image 9", "image 1", "image 7", "image 9", "image 2", "image 7"]
    assert store.open("a").missing(wanted) == [0, 2]
    assert store.open("b").missing(wanted) == [0, 1, 2, 4]
    assert store.open("a").missing([]) == []


@pytest.mark.parametrize("damage", ["cut", "no rows", "bad index", "other rows"])
def test_damaged_files_are_removed_and_their_rows_missing(store, damage):
    place = _write(store, "a", [1, 2])
    whole = _write(store, "a", [3])
    rows, index = place / "rows.npy", place / "index.json"
    match damage:
        case "cut":
            rows.write_bytes(rows.read_bytes()[:-1])
        case "no rows":
            rows.unlink()
        case "bad index":
            index.write_text(index.read_text()[:-3])
        case "other rows":
            np.save(rows, _rows(1))
    shelf = store.open("a")
    assert shelf.missing(["image 1", "image 3"]) == [0]
    assert shelf.places == (whole,)
    assert not place.exists()


def test_an_unfinished_or_failed_write_leaves_nothing(store, tmp_path):
    with store.write("a", ["image 1", "image 2"], ROW, ()) as writer:
        writer.add(_rows(1))
    with pytest.raises(ValueError, match="shape"), store.write("a", ["image 1"], ROW, ()) as writer:
        writer.add(_rows(1).reshape(7, 7))
    assert list(tmp_path.iterdir()) == []


def test_rows_that_are_needed_outlive_older_and_newer_ones(tmp_path):
    store = ActivationStore(tmp_path, limit=1000)
    needed, old, new = (_write(store, key, [1, 2, 3]) for key in ("needed", "old", "new"))
    size = sum(file.stat().st_size for file in needed.iterdir())
    for age, place in enumerate((needed, old, new)):
        os.utime(place / "index.json", (age, age))
    tight = ActivationStore(tmp_path, limit=2 * size + 20)
    tight.make_room(20, kept=[needed])
    assert [place.exists() for place in (needed, old, new)] == [True, False, True]
    shelf = tight.open("needed")
    rows = shelf.rows(["image 2"])
    tight.forget([needed])
    assert np.array_equal(rows.gather(np.array([0])), _rows(2))
    assert tight.open("needed").places == ()
    with pytest.raises(FileNotFoundError):
        shelf.rows(["image 2"])


def test_only_places_whose_rows_are_wanted_are_opened_and_marked_as_used(store):
    wanted, other = _write(store, "a", [1, 2]), _write(store, "a", [3])
    for place in (wanted, other):
        os.utime(place / "index.json", (1, 1))
    assert len(store.open("a").rows(["image 2", "image 1"]).arrays) == 1
    assert (wanted / "index.json").stat().st_mtime > 1
    assert (other / "index.json").stat().st_mtime == 1


def test_places_that_cannot_be_opened_now_are_not_removed(store, monkeypatch):
    place = _write(store, "a", [1])

    def too_many(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as at_the_limit:
        at_the_limit.setattr(np, "load", too_many)
        assert store.open("a").places == ()
    assert store.open("a").places == (place,)


_KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from graftwork.engine.frozen.store import ActivationStore

store = ActivationStore(Path(sys.argv[1]))
row = np.zeros((2, 3), np.float16)
with store.write("a", ["image 1", "image 2"], row, ()) as writer:
    writer.add(row[None])
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_what_a_killed_process_left_is_no_cache_and_goes_with_the_next_write(store, tmp_path):
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (litter,) = tmp_path.iterdir()
    assert store.open("a").missing(["image 1"]) == [0]
    _write(store, "a", [1])
    assert not litter.exists()
    assert store.open("a").missing(["image 1"]) == []
