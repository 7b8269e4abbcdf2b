"""Calls the command line as a shell would, with the tiny backbone among the plugins."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from graftwork.__main__ import main
from graftwork.cli import main as cli_main
from graftwork.data.decoding import decode
from graftwork.engine.classifier import load_classifier
from graftwork.export.onnx_model import export_onnx
from graftwork.paths import runs_folder
from graftwork.plugin_host.registry import Registry
from graftwork.runs.store import RunStore
from graftwork.runs.workshop import Workshop
from support.command_line import TINY, Call, Outcome, last_document
from support.images import make_folder
from support.jobs import run_job, small_job


@pytest.fixture
def call(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Run ``graftwork`` with these words."""
    monkeypatch.setattr(
        cli_main, "make_workshop", lambda: Workshop(registry, RunStore(runs_folder()))
    )

    def run(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["graftwork", *map(str, words)])
        with pytest.raises(SystemExit) as leaving:
            main()
        written = capsys.readouterr()
        return Outcome(int(leaving.value.code or 0), written.out, written.err)

    return run


@pytest.fixture(scope="session")
def exported_once(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a short run: exporting takes seconds, and most tests only ask one."""
    folder = tmp_path_factory.mktemp("exported")
    images = make_folder(folder / "images")
    run_job(small_job(images, settings={"epochs": 8, "rate": 0.05}), registry, folder / "run")
    classifier = load_classifier(folder / "run", registry.backbones)
    samples = [decode(file, 3) for file in sorted(images.rglob("*.png"))[::9]]
    return export_onnx(classifier, folder / "model.onnx", samples).file


@pytest.fixture
def model(exported_once: Path, tmp_path: Path) -> Path:
    """An exported model that a test may have for itself."""
    return Path(shutil.copy(exported_once, tmp_path / "model.onnx"))


@pytest.fixture
def trained(call: Call, images: object) -> str:
    """The id of a run on the tiny backbone."""
    outcome = call("train", images, *TINY, "--json")
    assert outcome.code == 0, outcome.err
    return last_document(outcome)["run"]
