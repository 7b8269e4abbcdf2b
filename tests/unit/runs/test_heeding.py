"""Runs heed what their images, readers and earlier runs are."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from graftwork.engine.events import Notice, ProblemFound
from graftwork.engine.job import DataSettings, StartSettings, TrainingJob
from graftwork.export.predict import FilePrediction, predict_files
from graftwork.plugin_host.registry import Registry
from graftwork.runs.kept import kept_split
from graftwork.runs.workshop import Workshop
from support.generators import drain
from support.images import make_folder
from support.jobs import of_kind, run_job, small_job


def job_on(images: Path, **training: Any) -> TrainingJob:
    return small_job(images, "full-fine-tuning", {"epochs": 2, "patience": None}, **training)


def test_a_fork_says_so_where_its_test_images_chose_the_earlier_weights(
    workshop: Workshop, images: Path
) -> None:
    """Images that the earlier run validated with are no test either."""
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    chose = set(kept_split(workshop.current_run).validation[::2])
    table = images / "parts.csv"
    names = [file.relative_to(images).as_posix() for file in sorted(images.rglob("*.png"))]
    rows = [f"{n},{n.split('/')[0]},{'test' if n in chose else 'train'}" for n in names]
    table.write_text("\n".join(["path,label,part", *rows]), "utf-8")
    start = StartSettings(folder=workshop.current_run.folder)
    events, _ = drain(workshop.train(job_on(table).model_copy(update={"start": start})))
    (said,) = [e for e in of_kind(events, Notice) if "earlier run was trained" in e.text]
    assert said.text.startswith(f"{len(chose)} of the ")


def test_test_images_that_are_copies_of_validation_images_flatter(
    registry: Registry, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    train = make_folder(data / "train")
    for part, first in (("val", 0), ("test", 4)):
        for name in ("blue", "green", "red"):
            (data / part / name).mkdir(parents=True)
            for index in range(first, first + 4):
                (train / name / f"{index:03}.png").rename(data / part / name / f"{index:03}.png")
    for index in range(2):
        shutil.copy(
            data / "val" / "red" / f"{index:03}.png", data / "test" / "red" / f"{index}.png"
        )
    events = run_job(small_job(data, settings={"epochs": 1}), registry, tmp_path / "run")
    said = [e.text for e in of_kind(events, Notice) if "flatter" in e.text]
    assert [text[:24] for text in said] == ["2 of the 14 test images "]


def test_a_hidden_layer_of_another_width_begins_anew(workshop: Workshop, images: Path) -> None:
    drain(workshop.train(job_on(images, head="mlp", hidden_units=8)))
    assert workshop.current_run
    start = StartSettings(folder=workshop.current_run.folder)
    job = job_on(images, head="mlp", hidden_units=9).model_copy(update={"start": start})
    events, _ = drain(workshop.train(job))
    assert any("head begins anew" in notice.text for notice in of_kind(events, Notice))


def test_a_run_on_deep_images_is_exported(workshop: Workshop, tmp_path: Path) -> None:
    data = tmp_path / "deep"
    for label, level in (("dark", 1000), ("light", 2500)):
        (data / label).mkdir(parents=True)
        for number in range(8):
            noise = np.random.default_rng(number).integers(0, 500, (32, 32))
            file = data / label / f"{number}.tif"
            tifffile.imwrite(file, (level + noise).astype(np.uint16))
    drain(workshop.train(job_on(data)))
    _, report = drain(workshop.export("last", tmp_path / "model.onnx"))
    assert report.images == 4
    _, inside = drain(workshop.predict("last", [data]))
    outside = list(predict_files(report.file, [data]))
    for one, other in zip(inside, outside, strict=True):
        assert isinstance(one, FilePrediction)
        assert isinstance(other, FilePrediction)
        assert other.probabilities == pytest.approx(one.probabilities, abs=1e-4)
    assert {len(one.probabilities) for one in outside} == {2}


def test_images_are_measured_as_their_reader_decodes_them(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    """Trained on images that the reader alone can read, and measured on them and on others."""

    def unlocked(path: Path, _channels: int) -> Any:
        content = bytes(byte ^ 255 for byte in path.read_bytes())
        return np.array(Image.open(io.BytesIO(content)).convert("RGB"))

    reader = next(r for r in workshop.registry.readers.values() if r.recognises(images))
    readers = {**workshop.registry.readers, reader.name: replace(reader, decode=unlocked)}
    workshop.registry = replace(workshop.registry, readers=readers)
    others = make_folder(tmp_path / "others", per_class=3)
    for file in (*images.rglob("*.png"), *others.rglob("*.png")):
        file.write_bytes(bytes(byte ^ 255 for byte in file.read_bytes()))
    events, _ = drain(workshop.train(job_on(images)))
    assert not of_kind(events, ProblemFound)
    run = workshop.store.get("last")
    assert drain(workshop.evaluate(run.id))[1].images == 9
    assert drain(workshop.evaluate(run.id, DataSettings(path=others)))[1].images == 9
