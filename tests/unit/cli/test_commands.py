"""Every subcommand, as a shell calls it: what it writes, and its exit code."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

from graftwork.cli import main as cli_main
from graftwork.cli.assignments import build_job
from graftwork.paths import runs_folder
from graftwork.plugin_api import HEAD, Phase
from graftwork.runs.store import RunStore
from graftwork.runs.workshop import Workshop
from support.command_line import TINY, last_document
from support.images import make_image


def test_training_prints_figures_and_the_run(call, images):
    outcome = call("train", images, *TINY)
    assert outcome.code == 0
    assert "Accuracy" in outcome.out
    assert "Brier score" in outcome.out
    assert "95 % interval" in outcome.out
    assert "graftwork export" in outcome.out
    assert "3 classes" in outcome.err


def test_training_for_a_machine_writes_a_document_a_line(call, images):
    outcome = call("train", images, *TINY, "--json")
    documents = [json.loads(line) for line in outcome.out.splitlines()]
    assert documents[0]["kind"] == "run-started"
    assert documents[-1]["kind"] == "result"
    assert set(documents[-1]["figures"]) == {
        "accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier",
    }  # fmt: skip
    assert "epoch-done" in {d["kind"] for d in documents}


def test_a_job_file_runs_again_to_the_same_figures(call, trained, home):
    first = json.loads((home / "runs" / trained / "evaluation.json").read_text())
    outcome = call("train", "--job", home / "runs" / trained / "job.json", "--json")
    assert outcome.code == 0, outcome.err
    assert last_document(outcome)["figures"] == first["figures"]


def test_a_job_file_runs_with_what_is_given_changed(call, trained, home):
    file = home / "runs" / trained / "job.json"
    outcome = call("train", "--job", file, "--set", "epochs=2", "--set", "patience=none", "--json")
    job = json.loads((home / "runs" / last_document(outcome)["run"] / "job.json").read_text())
    assert job["strategy_settings"] == {"epochs": 2, "rate": 0.05, "patience": None}
    assert job["backbone"] == "tiny"


def test_another_strategy_for_a_job_file_starts_from_its_own_defaults(call, trained, home):
    file = home / "runs" / trained / "job.json"
    words = ("--strategy", "from-scratch", "--set", "epochs=1")
    outcome = call("train", "--job", file, *words, "--json")
    job = json.loads((home / "runs" / last_document(outcome)["run"] / "job.json").read_text())
    assert job["strategy"] == "from-scratch"
    assert job["strategy_settings"] == {"epochs": 1}


def test_a_job_file_runs_on_its_images_where_they_are_now(call, trained, home, images, tmp_path):
    file = home / "runs" / trained / "job.json"
    first = json.loads((home / "runs" / trained / "evaluation.json").read_text())
    moved = images.rename(tmp_path / "moved")
    outcome = call("train", moved, "--job", file, "--json")
    assert outcome.code == 0, outcome.err
    assert last_document(outcome)["figures"] == first["figures"]
    next(moved.rglob("*.png")).unlink()
    assert "are not those" in call("train", moved, "--job", file).err


def test_neither_images_nor_a_job_file_and_a_reader_beside_one_are_wrong_use(call, tmp_path):
    assert call("train").code == 2
    assert call("train", "--job", tmp_path / "job.json", "--reader", "table").code == 2


@pytest.mark.parametrize(
    "words",
    [("evaluate", "--reader", "table"), ("evaluate", "--set", "x=1"), ("fork", "--reader", "x")],
)
def test_how_data_is_read_is_said_of_data_alone(call, trained, words):
    outcome = call(words[0], trained, *words[1:])
    assert outcome.code == 2
    assert f"{words[1]} says how DATA is read" in outcome.err


def test_a_fork_to_other_images_holds_out_as_many_as_before(call, images, home):
    held_out = ("--set", "validation=0.3", "--set", "test=0.3")
    first = last_document(call("train", images, *TINY, *held_out, "--json"))["run"]
    moved = images.rename(images.with_name("moved"))
    outcome = call("fork", first, moved, "--set", "epochs=1", "--json")
    assert outcome.code == 0, outcome.err
    job = json.loads((home / "runs" / last_document(outcome)["run"] / "job.json").read_text())
    assert (job["data"]["validation"], job["data"]["test"]) == (0.3, 0.3)
    assert job["data"]["path"] == str(moved)


def test_the_run_goes_where_the_user_says(call, images, tmp_path):
    outcome = call("train", images, *TINY, "--out", tmp_path / "mine", "--json")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "mine" / "best.safetensors").is_file()
    assert last_document(outcome)["folder"] == str(tmp_path / "mine")
    again = call("train", images, *TINY, "--out", tmp_path / "mine")
    assert again.code == 1
    assert "mine" in again.err


def test_settings_reach_their_places(call, images, home):
    words = ("--set", "epochs=2", "--set", "batch_size=4", "--set", "validation=0.3",
             "--set", "seed=7", "--set", "fit=pad", "--set", "group_pattern=(x)")  # fmt: skip
    outcome = call("train", images, "--backbone", "tiny", *words, "--json")
    job = json.loads((home / "runs" / last_document(outcome)["run"] / "job.json").read_text())
    assert job["strategy_settings"]["epochs"] == 2
    assert job["training"]["batch_size"] == 4
    assert job["training"]["fit"] == "pad"
    assert job["data"]["validation"] == 0.3
    assert job["data"]["reader_options"] == {"group_pattern": "(x)"}
    assert job["seed"] == 7


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "epoch=3"), "epochs"),
        (("--set", "epochs"), "key=value"),
        (("--set", "epochs=0"), "epochs"),
        (("--set", "batch_size=0"), "batch_size"),
        (("--set", "fit=stretch"), "squash"),
        (("--set", "validation=0.6", "--set", "test=0.6"), "leave images"),
        (("--backbone", "tinny"), "tiny"),
        (("--strategy", "feature-extractor"), "feature-extraction"),
        (("--reader", "folder"), "class-folders"),
        (("--set", "group_pattern=5"), "group_pattern"),
        (("--set", "group_pattern=("), "not a regular expression"),
        (("--set", "class_weights=inverse", "--set", "sampling=balanced"), "Choose one"),
        (("--strategy", "prototypes", "--set", "head=linear"), "needs the head"),
        (("--set", "size=4"), "at least"),
        (("--set", "stage_schedules=steam=constant"), "stem"),
        (("--strategy", "named-stages", "--set", "stages=steam"), "Did you mean stem?"),
    ],
)
def test_a_wrong_wish_is_explained(words, said, call, images):
    outcome = call("train", images, "--backbone", "tiny", *words)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert json.loads(call("runs", "--json").out) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reader", "nonsense"), "There is no dataset reader 'nonsense'"),
        (("--set", "group_pattern=("), "not a regular expression"),
    ],
)
def test_other_images_to_evaluate_on_that_are_read_wrongly_are_wrong_use(words, said, call, images):
    outcome = call("evaluate", "last", images, *words)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_fork_from_scratch_is_wrong_use_and_leaves_no_run(call, trained):
    outcome = call("fork", trained, "--strategy", "from-scratch")
    assert outcome.code == 2
    assert "begins with random weights" in outcome.err
    assert [run["id"] for run in json.loads(call("runs", "--json").out)] == [trained]


def test_weights_of_a_network_that_is_not_there_are_wrong_use(call, tmp_path):
    outcome = call("weights", "import", tmp_path / "file", "--backbone", "nope")
    assert outcome.code == 2
    assert "There is no backbone 'nope'" in outcome.err


def test_other_images_to_evaluate_on_with_a_wrong_option_are_wrong_use(call, images):
    outcome = call("evaluate", "last", images, "--set", "epochs=3")
    assert outcome.code == 2
    assert "There is no setting 'epochs'" in outcome.err


def test_a_wish_that_cannot_be_understood_is_wrong_use(call):
    assert call("train").code == 2
    assert call("train", "--no-such-option").code == 2
    assert call("no-such-command").code == 2


@pytest.mark.parametrize("content", ["", "{", '{"data": 3}', '{"data": {"path": "x"}, "more": 1}'])
def test_a_job_file_that_is_not_one_is_explained(content, call, tmp_path):
    (tmp_path / "job.json").write_text(content)
    outcome = call("train", "--job", tmp_path / "job.json")
    assert outcome.code == 1
    assert f"The job file {tmp_path / 'job.json'} is not right: " in outcome.err
    assert "pydantic" not in outcome.err
    assert "Traceback" not in outcome.err


def test_a_folder_that_does_not_exist_is_explained(call, tmp_path):
    outcome = call("train", tmp_path / "nowhere", "--backbone", "tiny")
    assert outcome.code == 1
    assert "nowhere" in outcome.err


def test_evaluating_a_run_on_its_own_and_on_other_images(call, trained, images, tmp_path):
    own = last_document(call("evaluate", trained, "--json"))
    assert own["images"] == 5
    other = last_document(call("evaluate", "last", images, "--json"))
    assert other["images"] == 36
    said = call("evaluate", "last").out
    assert f"Run {trained}, on its own test images" in said
    assert "Macro F1" in said


def test_exporting_and_predicting(call, trained, images, tmp_path):
    model = tmp_path / "model.onnx"
    report = last_document(call("export", trained, model, "--json"))
    assert report["max_difference"] <= 1e-4
    outcome = call("predict", model, images / "red", "--out", tmp_path / "found.csv")
    assert outcome.code == 0, outcome.err
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert rows[0].keys() >= {"path", "predicted", "confidence"}
    said = " ".join(outcome.err.split())
    assert said.startswith("12 images: 12 × red; written to ")
    assert outcome.out == ""


def test_predictions_as_json_and_files_that_are_left_out(call, model, images):
    (images / "red" / "broken.jpg").write_bytes(b"")
    outcome = call("predict", model, images, "--json")
    assert outcome.code == 3
    assert "broken.jpg" in outcome.err
    assert "broken.jpg" in outcome.out
    assert json.loads(outcome.out)


def test_a_run_predicts_what_its_exported_model_predicts(call, trained, images, tmp_path):
    model = tmp_path / "model.onnx"
    call("export", trained, model)
    by_model = call("predict", model, images, "--json")
    by_run = call("predict", trained, images, "--json")
    assert by_run.code == by_model.code == 0
    found = [[p["predicted"] for p in json.loads(o.out)["predictions"]] for o in (by_model, by_run)]
    assert len(found[0]) == 36
    assert found[0] == found[1]


def test_predicting_nothing_at_all_fails(call, model, tmp_path):
    (tmp_path / "bad.png").write_text("no")
    assert call("predict", model, tmp_path / "bad.png").code == 1
    assert call("predict", tmp_path / "no.onnx", tmp_path).code == 1


def test_a_run_that_does_not_exist_is_explained(call, tmp_path):
    for words in (("evaluate", "nope"), ("export", "nope", tmp_path / "m.onnx")):
        outcome = call(*words)
        assert outcome.code == 1
        assert "nope" in outcome.err


def test_listing_runs(call, images):
    assert "No runs yet" in call("runs").out
    call("train", images, *TINY)
    assert "finished" in call("runs").out
    assert last_document(call("runs", "--json"))[0]["status"] == "finished"


def test_listing_backbones_with_the_state_of_their_weights(call):
    assert "efficientnet-lite0" in call("backbones").out
    states = {b["name"]: b["weights"] for b in last_document(call("backbones", "--json"))}
    assert states["efficientnet-lite0"] == "ready"
    assert states["resnet18"] == "download"
    assert states["tiny"] == "none"


def test_finding_backbones_by_a_part_of_their_names(call):
    assert "timm/NAME" in call("backbones").out
    found = call("backbones", "resnet18").out.split()
    assert "resnet18" in found
    assert "timm/resnet18.a1_in1k" in found
    assert "efficientnet-lite0" not in found
    names = {b["name"] for b in last_document(call("backbones", "resnet18", "--json"))}
    assert {"resnet18", "timm/resnet18.a1_in1k"} <= names
    assert "No backbone" in call("backbones", "nothing-like-it").out


def test_a_family_that_fails_costs_no_other_its_names(call, registry, monkeypatch):
    def fail():
        raise OSError("no list")

    broken = replace(registry.families["timm"], name="broken", networks=fail)
    families = {"broken": broken, **registry.families}
    changed = Workshop(replace(registry, families=families), RunStore(runs_folder()))
    monkeypatch.setattr(cli_main, "make_workshop", lambda: changed)
    outcome = call("backbones", "resnet10t", "--json")
    assert outcome.code == 0
    assert [found["name"] for found in last_document(outcome)] == ["timm/resnet10t.c3_in1k"]
    assert "The family broken failed" in outcome.err


def test_a_network_of_a_family_that_is_listed_is_found_once(call):
    found = last_document(call("backbones", "convnext_nano", "--json"))
    names = [backbone["name"] for backbone in found]
    assert names.count("timm/convnext_nano.d1h_in1k") == 1


def test_defaults_are_listed_as_they_are_set(call, registry, monkeypatch):
    class Several(BaseModel):
        skip: tuple[str, ...] = ()
        only: tuple[str, ...] = ("a", "b")
        fast: bool = True
        mode: Literal["none", "some"] = "none"
        most: int | None = None

    some = next(iter(registry.strategies.values()))
    strategies = {"some": replace(some, name="some", settings=Several)}
    changed = Workshop(replace(registry, strategies=strategies), RunStore(runs_folder()))
    monkeypatch.setattr(cli_main, "make_workshop", lambda: changed)
    told = call("strategies").out.split()
    assert told[-5:] == ["skip=[]", 'only=["a","b"]', "fast=true", "mode=none", "most=none"]
    given = build_job({"data": {"path": Path()}}, told[-5:], changed.registry, strategy="some")
    assert Several(**given.strategy_settings) == Several()


def test_what_a_plugin_prints_is_no_part_of_the_documents(call, images, registry, monkeypatch):
    def plan(settings, backbone, data):
        print("planning")
        yield Phase(name="x", epochs=1, rates={HEAD: 0.05})

    some = registry.strategies["feature-extraction"]
    strategies = {"some": replace(some, name="some", plan=plan)}
    changed = Workshop(replace(registry, strategies=strategies), RunStore(runs_folder()))
    monkeypatch.setattr(cli_main, "make_workshop", lambda: changed)
    outcome = call("train", images, "--backbone", "tiny", "--strategy", "some", "--json")
    assert all(json.loads(line) for line in outcome.out.splitlines())
    assert "planning" in outcome.err


def test_listing_strategies_with_their_settings(call):
    outcome = call("strategies")
    assert "progressive-unfreezing" in outcome.out
    assert "epochs=60" in outcome.out
    names = [s["name"] for s in last_document(call("strategies", "--json"))]
    assert names[0] == "feature-extraction"
    assert len(names) == 13


def test_listing_plugins(call):
    listed = call("plugins").out
    assert "13 strategies" in listed
    assert "1 family of backbones" in listed
    document = last_document(call("plugins", "--json"))
    assert {p["name"] for p in document["plugins"]} == {
        "tiny", "backbones", "strategies", "datasets",
    }  # fmt: skip
    assert document["failures"] == []


def test_importing_a_file_that_is_no_weights_file_is_explained(call, tmp_path):
    make_image(0, (9, 9, 9)).save(tmp_path / "picture.png")
    outcome = call("weights", "import", tmp_path / "picture.png")
    assert outcome.code == 1
    assert "picture.png" in outcome.err


def test_weights_of_a_network_that_is_not_listed_are_imported_for_it(call, tmp_path, home):
    file = tmp_path / "timm-vit_small_patch14_dinov2.lvd142m.safetensors"
    file.write_bytes(b"its publisher states no digest")
    assert call("weights", "import", file).code == 1
    name = "timm/vit_small_patch14_dinov2.lvd142m"
    outcome = call("weights", "import", file, "--backbone", name, "--json")
    assert last_document(outcome)["backbone"] == name
    assert [found.name for found in home.rglob("*.safetensors")] == [file.name]


def test_the_version(call):
    assert call("--version").out.startswith("graftwork 0.")


def test_the_store_knows_what_the_command_line_trained(call, trained, home):
    record = RunStore(home / "runs").get("last")
    assert record.id == trained
    assert record.status == "finished"
    assert record.test_accuracy is not None


@pytest.mark.parametrize(
    ("said", "key", "value"),
    [("augmentation=none", "augmentation", "none"), ("size=none", "size", None)],
)
def test_none_is_a_word_where_it_can_be_chosen(said, key, value, registry, tmp_path):
    job = build_job({"data": {"path": tmp_path}}, [said], registry, strategy=None)
    assert getattr(job.training, key) == value
