"""Checkpoints on disk: two are kept, damage is found, and what was half written does not count."""

from __future__ import annotations

import json

import pytest
import torch

from graftwork.engine.checkpoints.files import (
    newest_checkpoint,
    remove_checkpoints,
    write_checkpoint,
)
from support.checkpoints import checkpoint


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    write_checkpoint(tmp_path, checkpoint(5))
    found = newest_checkpoint(tmp_path)
    assert found.damaged == ()
    assert found.checkpoint
    assert found.checkpoint.progress == checkpoint(5).progress
    for name, value in checkpoint(5).tensors.items():
        assert torch.equal(found.checkpoint.tensors[name], value)
        assert found.checkpoint.tensors[name].dtype == value.dtype


def test_the_last_two_are_kept(tmp_path):
    for number in range(1, 12):
        write_checkpoint(tmp_path, checkpoint(number))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "10.json", "10.safetensors", "11.json", "11.safetensors",
    ]  # fmt: skip


def test_the_newest_is_that_of_the_greatest_number(tmp_path):
    for number in (9, 10):
        write_checkpoint(tmp_path, checkpoint(number))
    assert newest_checkpoint(tmp_path).checkpoint.progress.number == 10


@pytest.mark.parametrize("file", ["2.safetensors", "2.json"])
@pytest.mark.parametrize("place", [0.05, 0.5, 0.95])
def test_one_changed_bit_falls_back_to_the_one_before(file, place, tmp_path):
    for number in (1, 2):
        write_checkpoint(tmp_path, checkpoint(number))
    data = bytearray((tmp_path / file).read_bytes())
    data[int(len(data) * place)] ^= 1
    (tmp_path / file).write_bytes(data)
    found = newest_checkpoint(tmp_path)
    assert found.checkpoint.progress.number == 1
    assert "2.json" in found.damaged[0]


def test_a_progress_that_somebody_changed_falls_back_to_the_one_before(tmp_path):
    """It can still be understood, but the run would go on from a step that it never reached."""
    for number in (1, 2):
        write_checkpoint(tmp_path, checkpoint(number))
    sealed = json.loads((tmp_path / "2.json").read_text("utf-8"))
    changed = sealed["progress"].replace('"step":4', '"step":5')
    assert changed != sealed["progress"]
    (tmp_path / "2.json").write_text(json.dumps({**sealed, "progress": changed}), "utf-8")
    found = newest_checkpoint(tmp_path)
    assert found.checkpoint.progress == checkpoint(1).progress
    assert found.damaged == ("2.json: its text is not what was written",)


@pytest.mark.parametrize("file", ["2.safetensors", "2.json"])
@pytest.mark.parametrize("length", [0, 10, 100])
def test_a_file_cut_short_falls_back_to_the_one_before(file, length, tmp_path):
    for number in (1, 2):
        write_checkpoint(tmp_path, checkpoint(number))
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:length])
    assert newest_checkpoint(tmp_path).checkpoint.progress.number == 1


def test_tensors_without_their_document_are_no_checkpoint(tmp_path):
    for number in (1, 2):
        write_checkpoint(tmp_path, checkpoint(number))
    (tmp_path / "2.json").unlink()
    found = newest_checkpoint(tmp_path)
    assert found.checkpoint.progress.number == 1
    assert found.damaged == ()


def test_a_document_without_its_tensors_is_damaged(tmp_path):
    for number in (1, 2):
        write_checkpoint(tmp_path, checkpoint(number))
    (tmp_path / "2.safetensors").unlink()
    assert newest_checkpoint(tmp_path).checkpoint.progress.number == 1


def test_where_all_are_damaged_or_none_was_written_there_is_none(tmp_path):
    assert newest_checkpoint(tmp_path / "nowhere").checkpoint is None
    write_checkpoint(tmp_path, checkpoint(1))
    (tmp_path / "1.json").write_text(json.dumps({"progress": "{}"}), "utf-8")
    found = newest_checkpoint(tmp_path)
    assert found.checkpoint is None
    assert len(found.damaged) == 1


def test_litter_of_a_kill_goes_with_the_next_checkpoint(tmp_path):
    (tmp_path / ".1.safetensors.abc.part").write_bytes(b"half")
    write_checkpoint(tmp_path, checkpoint(2))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["2.json", "2.safetensors"]


def test_a_finished_run_leaves_no_checkpoints(tmp_path):
    write_checkpoint(tmp_path / "checkpoints", checkpoint(1))
    remove_checkpoints(tmp_path / "checkpoints")
    assert list(tmp_path.iterdir()) == []
    remove_checkpoints(tmp_path / "checkpoints")
