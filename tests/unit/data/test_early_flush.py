from __future__ import annotations

import errno
import os
from threading import Event

import pytest

from graftwork.data import early_flush
from graftwork.data.early_flush import EarlyFlush


@pytest.fixture
def flushes(monkeypatch):
    """Set when the content was brought to the disk; and the thread does it at once."""
    done, real = Event(), os.fsync

    def fsync(number):
        real(number)
        done.set()

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(early_flush, "_EVERY_S", 0.001)
    return done


def test_content_goes_to_the_disk_while_the_file_is_written(tmp_path, flushes):
    with EarlyFlush((tmp_path / "file").open("wb")) as file:
        file.write(b"first ")
        assert flushes.wait(30)
        file.write(b"second")
    assert file.closed
    assert (tmp_path / "file").read_bytes() == b"first second"


def test_a_failure_that_only_the_thread_was_told_of_is_raised(tmp_path, monkeypatch, flushes):
    told, real = Event(), os.fsync

    def fsync(number):
        if told.is_set():
            return real(number)
        told.set()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with (
        pytest.raises(OSError, match="No space left"),
        EarlyFlush((tmp_path / "file").open("wb")) as file,
    ):
        assert told.wait(30)
    assert file.closed


def test_a_block_that_fails_closes_the_file(tmp_path):
    with pytest.raises(KeyError), EarlyFlush((tmp_path / "file").open("wb")) as file:
        raise KeyError
    assert file.closed
