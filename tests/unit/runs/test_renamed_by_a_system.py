"""Images whose names have accents, in the form of one system and then of another."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from graftwork.engine.events import Notice
from graftwork.engine.job import DataSettings, StartSettings, TrainingJob
from graftwork.export.onnx_model import ExportReport
from graftwork.runs.kept import kept_split
from graftwork.runs.record import RunRecord
from graftwork.runs.workshop import Workshop
from support.generators import drain
from support.images import make_folder
from support.jobs import of_kind, small_job

Form = Literal["NFC", "NFD"]


def renamed(data: Path, form: Form) -> None:
    for file in [*data.rglob("*.png")]:
        plain = unicodedata.normalize("NFC", file.name).removeprefix("é")
        file.rename(file.with_name(unicodedata.normalize(form, f"é{plain}")))


def job_on(data: Path) -> TrainingJob:
    return small_job(data, settings={"epochs": 1})


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path / "accents", 12)
    renamed(folder, "NFD")
    return folder


@pytest.fixture
def run(workshop: Workshop, images: Path) -> RunRecord:
    """Trained on the one form; then the images get the other."""
    drain(workshop.train(job_on(images)))
    renamed(images, "NFC")
    return workshop.store.get("last")


def test_a_fork_keeps_what_the_run_held_out(
    workshop: Workshop, run: RunRecord, images: Path
) -> None:
    start = StartSettings(folder=run.folder)
    drain(workshop.train(job_on(images).model_copy(update={"start": start, "seed": 7})))
    assert workshop.current_run
    before, now = kept_split(run), kept_split(workshop.current_run)
    assert (now.train, now.validation, now.test) == (before.train, before.validation, before.test)


def test_the_own_test_images_are_found(workshop: Workshop, run: RunRecord) -> None:
    events, evaluation = drain(workshop.evaluate(run.id))
    assert not of_kind(events, Notice)
    assert evaluation.images == 9


def test_figures_on_learned_images_are_said_to_flatter(
    workshop: Workshop, run: RunRecord, images: Path
) -> None:
    events, _ = drain(workshop.evaluate(run.id, DataSettings(path=images)))
    (notice,) = of_kind(events, Notice)
    assert notice.text.startswith("27 of the 36 images are among those")


def test_the_export_is_checked_on_images(
    workshop: Workshop, run: RunRecord, tmp_path: Path
) -> None:
    report: ExportReport = drain(workshop.export(run.id, tmp_path / "m.onnx", plain=False))[1]
    assert report.file.is_file()
