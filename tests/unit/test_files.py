from __future__ import annotations

import errno
import os
import re

import pytest

from graftwork.files import replacing, write_text


def test_a_new_file_is_written_whole(tmp_path):
    write_text(tmp_path / "a.txt", "grün\n")
    assert (tmp_path / "a.txt").read_bytes().decode("utf-8").splitlines() == ["grün"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half way"):
        _write_half(target)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_the_old_file_is_replaced(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with replacing(target) as temporary:
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"


def test_the_new_file_is_on_the_disk_before_it_takes_the_old_ones_place(tmp_path, monkeypatch):
    """Else a power cut could leave an empty file, and neither the old nor the new one."""
    target, flushed, flush = tmp_path / "a.txt", [], os.fsync
    target.write_text("old")

    def note(handle):
        flushed.append((os.fstat(handle).st_ino, target.read_text()))
        flush(handle)

    monkeypatch.setattr(os, "fsync", note)
    write_text(target, "new")
    assert flushed[0] == (target.stat().st_ino, "old")
    if os.name != "nt":
        assert flushed[1:] == [(tmp_path.stat().st_ino, "new")]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch, call):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        write_text(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain.txt").touch()
    write_text(tmp_path / "ours.txt", "")
    assert (tmp_path / "ours.txt").stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


def _write_half(target):
    with replacing(target) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("half way")


def test_an_error_names_the_wanted_file(tmp_path):
    (tmp_path / "folder" / "kept").mkdir(parents=True)
    for target in (tmp_path / "folder", tmp_path / "missing" / "a.txt"):
        with pytest.raises(OSError, match=re.escape(repr(str(target)))) as raised:
            write_text(target, "")
        assert ".part" not in str(raised.value)
