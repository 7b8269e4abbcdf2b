"""Files that the command line writes: what they may replace, and where they may go."""

from __future__ import annotations

import onnxruntime
import torch

from support.command_line import Outcome

SHEET = ("--backbone", "tiny", "--set", "augmentation=light", "--images", 1, "--to")


def refused(outcome: Outcome, said: str) -> bool:
    return outcome.code == 1 and said in outcome.err and ".part" not in outcome.err


def test_predictions_replace_no_image_and_no_model(call, model, images):
    image = images / "red" / "000.png"
    before = image.read_bytes(), model.read_bytes()
    for target in (image, model, images / "red" / "found.txt"):
        outcome = call("predict", model, images, "--out", target)
        assert refused(outcome, str(target))
        assert ".csv or .json" in outcome.err
    assert (image.read_bytes(), model.read_bytes()) == before
    assert not (images / "red" / "found.txt").exists()


def test_predictions_replace_no_input_whatever_its_ending(call, model, images, tmp_path):
    """A file that is named is read whatever its ending, and a link leads to the same file."""
    odd = (images / "red" / "000.png").rename(tmp_path / "odd.csv")
    (tmp_path / "same.csv").hardlink_to(odd)
    before = odd.read_bytes()
    for target in ("odd.csv", "same.csv"):
        outcome = call("predict", model, odd, "--out", tmp_path / target)
        assert refused(outcome, "would be lost")
    assert odd.read_bytes() == before


def test_predictions_of_a_run_replace_none_of_its_files(call, trained, home, images):
    job = home / "runs" / trained / "job.json"
    before = job.read_bytes()
    assert refused(call("predict", trained, images, "--out", job), "would be lost")
    assert job.read_bytes() == before


def test_older_predictions_are_replaced(call, model, images, tmp_path):
    found = tmp_path / "found.csv"
    found.write_text("older")
    assert call("predict", model, images / "red", "--out", found).code == 0
    assert found.read_text("utf-8").startswith("path,")


def test_a_file_is_what_its_name_says(call, model, images, tmp_path):
    found = tmp_path / "found.csv"
    assert call("predict", model, images / "red", "--json", "--out", found).code == 0
    assert found.read_text("utf-8").startswith("path,")


def test_a_model_is_written_as_onnx_alone(call, trained, images):
    image = images / "red" / "000.png"
    before = image.read_bytes()
    outcome = call("export", trained, image)
    assert refused(outcome, "must end in .onnx")
    assert image.read_bytes() == before


def test_a_sheet_replaces_no_file(call, images):
    image = images / "red" / "000.png"
    before = image.read_bytes()
    outcome = call("augment", images, *SHEET, image)
    assert refused(outcome, "another name")
    assert image.read_bytes() == before


def test_folders_are_made_for_what_is_written(call, model, images, tmp_path):
    found, sheet = tmp_path / "new" / "one" / "found.json", tmp_path / "new" / "two" / "sheet.png"
    assert call("predict", model, images / "red", "--out", found).code == 0
    assert call("augment", images, *SHEET, sheet).code == 0
    assert found.is_file()
    assert sheet.is_file()


def test_where_nothing_can_be_written_is_told_before_the_work(
    call, trained, model, images, tmp_path, monkeypatch
):
    monkeypatch.setattr(torch.onnx, "export", None)
    monkeypatch.setattr(onnxruntime.InferenceSession, "run", None)
    for name in ("folder.csv", "folder.onnx"):
        (tmp_path / name / "kept").mkdir(parents=True)
    below = images / "red" / "000.png"
    for words in (
        ("predict", model, images / "red", "--out", tmp_path / "folder.csv"),
        ("predict", model, images / "red", "--out", below / "found.csv"),
        ("export", trained, tmp_path / "folder.onnx"),
        ("export", trained, below / "model.onnx"),
        ("augment", images, *SHEET, below / "sheet.png"),
    ):
        assert refused(call(*words), f"cannot be written to {words[-1]}: ")
    assert not list(tmp_path.glob("*.part"))
