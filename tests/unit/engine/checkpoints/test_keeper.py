"""When checkpoints are written, and under which number, also on a disk that is full."""

from __future__ import annotations

import errno
import os
import time

import pytest

from graftwork.engine.checkpoints.files import newest_checkpoint
from graftwork.engine.checkpoints.keeper import CheckpointKeeper
from support.checkpoints import checkpoint


def _full(_handle):
    raise OSError(errno.ENOSPC, "No space left on device")


def _write_next(keeper):
    keeper.write(checkpoint(keeper.number + 1))


def _fail_to_write_next(keeper, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _full)
        with pytest.raises(OSError, match="No space left"):
            _write_next(keeper)


@pytest.mark.parametrize("fails", [False, True], ids=["written", "on a full disk"])
def test_the_next_one_is_due_after_some_time_whether_or_not_this_one_could_be_written(
    tmp_path, monkeypatch, fails
):
    """A full disk must not make every single step try again."""
    clock = {"now": 0}
    monkeypatch.setattr(time, "monotonic", lambda: clock["now"])
    keeper = CheckpointKeeper(tmp_path, every=30)

    def due_at(second):
        clock["now"] = second
        return keeper.due()

    assert [due_at(29), due_at(30)] == [False, True]
    if fails:
        _fail_to_write_next(keeper, monkeypatch)
    else:
        _write_next(keeper)
    assert [due_at(59), due_at(60)] == [False, True]


def test_what_could_not_be_written_is_tried_again_under_the_same_number(tmp_path, monkeypatch):
    """Only so the one before stays beside it, to fall back to."""
    keeper = CheckpointKeeper(tmp_path)
    _write_next(keeper)
    _fail_to_write_next(keeper, monkeypatch)
    assert newest_checkpoint(keeper.folder).checkpoint.progress.number == keeper.number == 1
    _write_next(keeper)
    documents = [file.name for file in keeper.folder.glob("*.json")]
    assert sorted(documents) == ["1.json", "2.json"]


def test_a_process_that_only_helps_writes_none(tmp_path):
    helper = CheckpointKeeper(tmp_path, every=0, writes=False)
    assert not helper.due()
    _write_next(helper)
    assert helper.number == 1
    assert list(tmp_path.iterdir()) == []
