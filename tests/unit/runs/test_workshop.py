"""The way of a run: trained, evaluated, exported; and stopped, failed, used without its data."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import safetensors.numpy
import torch
from PIL import Image

from graftwork.data.decoding import decode
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import (
    DataReady,
    EpochDone,
    Notice,
    ProblemFound,
    Progress,
    TrainingEvent,
    WeightsMixed,
)
from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.engine.training_settings import TrainingSettings
from graftwork.evaluation.report import Evaluation
from graftwork.export.onnx_model import ExportReport
from graftwork.export.predict import FilePrediction, FileProblem, predict_files
from graftwork.plugin_api import DatasetError, GraftworkError, PackagedWeights
from graftwork.plugin_host import UnknownNameError
from graftwork.plugin_host.registry import Registry
from graftwork.runs import export_run
from graftwork.runs.errors import OutputFileError, RunFolderError, RunUseError, UnknownRunError
from graftwork.runs.kept import EVALUATION_FILE
from graftwork.runs.kept_classifier import kept_classifier
from graftwork.runs.log import load_history
from graftwork.runs.store import JOB_FILE
from graftwork.runs.workshop import Workshop
from support import tiny
from support.generators import drain
from support.images import COLOURS, make_folder, make_image
from support.jobs import of_kind, small_job


def job_on(data: Path, **settings: Any) -> TrainingJob:
    return small_job(data, settings={"epochs": 3, **settings})


def trained(workshop: Workshop, data: Path) -> str:
    """The id of a finished run."""
    drain(workshop.train(job_on(data)))
    assert workshop.current_run
    return workshop.current_run.id


def evaluated(
    workshop: Workshop, run_id: str, data: DataSettings | None = None
) -> tuple[list[TrainingEvent], Evaluation]:
    return drain(workshop.evaluate(run_id, data))


def test_a_finished_run_keeps_all_that_it_is(workshop: Workshop, images: Path) -> None:
    job = job_on(images)
    assert workshop.current_run is None
    events, _ = drain(workshop.train(job))
    run = workshop.store.get("last")
    assert run == workshop.current_run
    assert (run.status, run.message, run.test_accuracy) == ("finished", None, None)
    best = [epoch for epoch in of_kind(events, EpochDone) if epoch.best][-1]
    assert run.validation_accuracy == best.validation_accuracy
    (ready,) = of_kind(events, DataReady)
    kept = TrainingJob.model_validate_json((run.folder / JOB_FILE).read_text("utf-8"))
    data = job.data.model_copy(update={"reader": "class-folders"})
    now_known = {"data": data, "data_fingerprint": ready.data_fingerprint}
    assert kept == job.model_copy(update=now_known)
    with (run.folder / "metrics.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(of_kind(events, EpochDone))


def test_a_run_on_a_relative_path_is_used_from_another_folder(
    workshop: Workshop, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images.parent)
    run_id = trained(workshop, Path(images.name))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    events, evaluation = evaluated(workshop, run_id)
    assert not of_kind(events, Notice)
    assert evaluation.images == 9


def test_a_link_to_a_table_keeps_its_name(workshop: Workshop, images: Path, tmp_path: Path) -> None:
    """As tools for large files make them: the content lies elsewhere, under another name."""
    stored = tmp_path / "store" / "md5abcdef"
    stored.parent.mkdir()
    lines = [
        f"{path.relative_to(images.parent)},{path.parent.name}" for path in images.rglob("*.png")
    ]
    stored.write_text("\n".join(["path,label", *lines]))
    table = images.parent / "labels.csv"
    table.symlink_to(stored)
    run = workshop.store.get(trained(workshop, table))
    assert workshop.store.job_of(run).data.path == table


def test_images_are_predicted_as_their_reader_decodes_them(
    workshop: Workshop, images: Path
) -> None:
    def inverted(path: Path, channels: int) -> np.ndarray:
        return 255 - decode(path, channels)

    run_id = trained(workshop, images)
    job = workshop.store.job_of(workshop.store.get(run_id))
    files = [next(images.rglob("*.png"))]
    plain = drain(workshop.predict(run_id, files))[1][0]
    reader = next(r for r in workshop.registry.readers.values() if r.recognises(images))
    changed = replace(reader, decode=inverted)
    readers = {**workshop.registry.readers, reader.name: changed}
    workshop.registry = replace(workshop.registry, readers=readers)
    assert job.data.reader in {None, reader.name}
    assert drain(workshop.predict(run_id, files))[1][0].probabilities != plain.probabilities
    files = [files[0].rename(images.parent / "elsewhere.png")]
    shutil.rmtree(images)
    assert drain(workshop.predict(run_id, files))[1][0].probabilities != plain.probabilities


def test_it_is_said_when_the_reader_that_decoded_a_runs_images_is_gone(
    workshop: Workshop, images: Path
) -> None:
    run_id = trained(workshop, images)
    files = [next(images.rglob("*.png"))]
    before = drain(workshop.predict(run_id, files))[1]
    workshop.registry = replace(workshop.registry, readers={})
    events, found = drain(workshop.predict(run_id, files))
    assert found == before
    (notice,) = of_kind(events, Notice)
    assert notice.text.startswith("There is no dataset reader 'class-folders'.")
    assert notice.text.endswith("decoded as any, perhaps not as those of the run were.")


def test_the_history_of_a_run_can_be_read_again(workshop: Workshop, images: Path) -> None:
    events, _ = drain(workshop.train(job_on(images)))
    history = load_history(workshop.store.get("last"))
    assert history.epochs == of_kind(events, EpochDone)
    assert history.ended == events[-1]


def test_a_stopped_run_can_be_used(workshop: Workshop, images: Path) -> None:
    training = workshop.train(job_on(images, epochs=1000))
    for event in training:
        if isinstance(event, EpochDone):
            break
    training.close()
    run = workshop.store.get("last")
    assert run == workshop.current_run
    assert run.status == "stopped"
    assert run.validation_accuracy == event.validation_accuracy
    _, evaluation = evaluated(workshop, run.id)
    assert evaluation.images == 9


def test_a_run_is_running_while_it_runs(workshop: Workshop, images: Path) -> None:
    training = workshop.train(job_on(images))
    next(training)
    assert workshop.store.get("last").status == "running"
    assert workshop.current_run == workshop.store.get("last")
    training.close()


def test_a_run_that_was_stopped_before_an_epoch_says_so_when_used(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    training = workshop.train(job_on(images))
    next(training)
    training.close()
    for use in (workshop.evaluate("last"), workshop.export("last", tmp_path / "model.onnx")):
        with pytest.raises(RunUseError, match="kept no weights"):
            drain(use)


def test_an_interruption_from_the_keyboard_stops_the_run(workshop: Workshop, images: Path) -> None:
    training = workshop.train(job_on(images))
    next(training)
    with pytest.raises(KeyboardInterrupt):
        training.throw(KeyboardInterrupt)
    assert workshop.store.get("last").status == "stopped"


def test_a_failed_run_keeps_the_reason(workshop: Workshop, images: Path) -> None:
    for file in images.rglob("*.png"):
        file.write_bytes(b"")
    with pytest.raises(DatasetError) as error:
        drain(workshop.train(job_on(images)))
    run = workshop.store.get("last")
    assert (run.status, run.message) == ("failed", str(error.value))


def test_a_fault_of_a_plugin_is_kept_with_its_kind(
    workshop: Workshop, registry: Registry, images: Path
) -> None:
    def explode(_weights: Path | None) -> None:
        raise ZeroDivisionError("plugin")

    broken = replace(tiny.TINY, build=explode)
    workshop = Workshop(replace(registry, backbones={"tiny": broken}), workshop.store)
    with pytest.raises(TrainingError):
        drain(workshop.train(job_on(images)))
    message = workshop.store.get("last").message
    assert message is not None
    assert "The backbone tiny could not be built (ZeroDivisionError: plugin)" in message


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"backbone": "quantum"}, UnknownNameError),
        ({"strategy": "quantum"}, UnknownNameError),
        ({"strategy_settings": {"epochs": 0}}, TrainingError),
        ({"strategy_settings": {"epoch": 3}}, TrainingError),
        ({"data": DataSettings(path=Path("not there"))}, DatasetError),
        ({"data": DataSettings(path=Path(__file__), reader="quantum")}, UnknownNameError),
        ({"data": DataSettings(path=Path(__file__))}, DatasetError),
        ({"data": DataSettings(path=Path(), reader_options={"labels": 3})}, DatasetError),
        ({"training": TrainingSettings(size=8)}, TrainingError),
        ({"training": TrainingSettings(penalty="ewc")}, TrainingError),
        ({"training": TrainingSettings(stage_schedules="steam=constant")}, TrainingError),
        ({"strategy": "named-stages", "strategy_settings": {"stages": "steam"}}, GraftworkError),
        (
            {"training": TrainingSettings(class_weights="inverse", sampling="balanced")},
            TrainingError,
        ),
        (
            {
                "strategy": "prototypes",
                "strategy_settings": {},
                "training": TrainingSettings(head="linear"),
            },
            TrainingError,
        ),
    ],
)
def test_a_job_that_is_wrong_makes_no_run_and_fetches_no_weights(
    workshop: Workshop,
    registry: Registry,
    images: Path,
    fault: dict[str, Any],
    error: type[GraftworkError],
) -> None:
    source = PackagedWeights(package="tiny", locate=lambda: pytest.fail("looked for weights"))
    watched = replace(registry, backbones={"tiny": replace(tiny.TINY, weights=source)})
    workshop = Workshop(watched, workshop.store)
    with pytest.raises(error):
        drain(workshop.train(job_on(images).model_copy(update=fault)))
    assert workshop.store.runs() == []
    assert workshop.current_run is None


def test_a_run_names_the_reader_of_its_images(workshop: Workshop, images: Path) -> None:
    """Else one that is installed later, and is asked first, would read them on the way out."""
    run = workshop.store.get(trained(workshop, images))
    assert workshop.store.job_of(run).data.reader == "class-folders"


def test_a_run_may_be_kept_in_a_folder_of_ones_own(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    drain(workshop.train(job_on(images), tmp_path / "my run"))
    assert (tmp_path / "my run" / "best.safetensors").exists()
    _, evaluation = evaluated(workshop, str(tmp_path / "my run"))
    assert evaluation.images == 9
    with pytest.raises(RunFolderError, match=r"is not empty: it holds a run\. .*resume .*my run"):
        drain(workshop.train(job_on(images), tmp_path / "my run"))


def test_pretrained_weights_reach_the_backbone_unless_the_strategy_wants_none(
    workshop: Workshop, registry: Registry, tmp_path: Path, images: Path
) -> None:
    seen: list[Path | None] = []

    def build(weights: Path | None) -> Any:
        seen.append(weights)
        return tiny.build_tiny(None)

    file = tmp_path / "tiny.pth"
    file.touch()
    source = PackagedWeights(package="tiny", locate=lambda: file)
    watched = replace(registry, backbones={"tiny": replace(tiny.TINY, build=build, weights=source)})
    workshop = Workshop(watched, workshop.store)
    drain(workshop.train(job_on(images)))
    drain(workshop.train(small_job(images, "from-scratch", {"epochs": 1})))
    assert seen == [file, None]


def test_an_evaluation_on_the_runs_own_test_images_is_kept(
    workshop: Workshop, images: Path
) -> None:
    run_id = trained(workshop, images)
    events, evaluation = evaluated(workshop, run_id)
    assert not of_kind(events, Notice, ProblemFound)
    assert evaluation.images == 9
    assert set(evaluation.classes) == set(COLOURS)
    run = workshop.store.get(run_id)
    assert run.test_accuracy == evaluation.figures["accuracy"].value
    assert run.status == "finished"
    kept = Evaluation.model_validate_json((run.folder / EVALUATION_FILE).read_text("utf-8"))
    assert kept == evaluation


def test_a_run_that_ends_while_it_is_evaluated_stays_ended(
    workshop: Workshop, images: Path
) -> None:
    run_id = trained(workshop, images)
    ended = workshop.store.get(run_id)
    workshop.store.save(ended.model_copy(update={"status": "running"}))
    evaluation = workshop.evaluate(run_id)
    next(evaluation)
    workshop.store.save(ended)
    drain(evaluation)
    assert workshop.store.get(run_id).status == "finished"
    assert workshop.store.get(run_id).test_accuracy is not None


def test_test_images_that_are_missing_are_said_and_left_out(
    workshop: Workshop, images: Path
) -> None:
    run_id = trained(workshop, images)
    _, before = evaluated(workshop, run_id)
    before.predictions[0].path.unlink()
    before.predictions[-1].path.write_text("no image any more")
    events, after = evaluated(workshop, run_id)
    (notice,) = of_kind(events, Notice)
    assert notice.level == "warning"
    assert "2 of the 9 test images are missing" in notice.text
    assert after.predictions == before.predictions[1:-1]


def test_images_that_came_since_are_said_and_not_measured(workshop: Workshop, images: Path) -> None:
    run_id = trained(workshop, images)
    _, before = evaluated(workshop, run_id)
    make_image(99, COLOURS["red"]).save(images / "red" / "new.png")
    events, after = evaluated(workshop, run_id)
    assert "the test images are all there" in of_kind(events, Notice)[0].text
    assert after == before


def test_data_that_is_gone_altogether_is_an_error(workshop: Workshop, images: Path) -> None:
    run_id = trained(workshop, images)
    other = make_folder(images.parent / "other", per_class=13)
    shutil.rmtree(images)
    with pytest.raises(DatasetError, match="There is no file or folder"):
        evaluated(workshop, run_id)
    for file in other.rglob("*.png"):
        file.rename(file.with_name(f"other-{file.name}"))
    other.rename(images)
    with pytest.raises(RunUseError, match=r"None of the 9 test images of run"):
        evaluated(workshop, run_id)


def test_other_data_is_measured_whole_and_changes_nothing_in_the_run(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    run_id = trained(workshop, images)
    other = make_folder(tmp_path / "other", per_class=5, classes=("green", "red"))
    (other / "red" / "torn.png").write_bytes(b"\x89PNG")
    events, evaluation = evaluated(workshop, run_id, DataSettings(path=other))
    assert evaluation.images == 10
    assert {c.name: c.images for c in evaluation.per_class} == {"blue": 0, "green": 5, "red": 5}
    assert [Path(e.path).name for e in of_kind(events, ProblemFound)] == ["torn.png"]
    run = workshop.store.get(run_id)
    assert run.test_accuracy is None
    assert not (run.folder / EVALUATION_FILE).exists()


def test_images_that_the_run_has_learned_from_are_said(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    run_id = trained(workshop, images)
    split = json.loads((workshop.store.get(run_id).folder / "split.json").read_text("utf-8"))
    copy = shutil.copytree(images, tmp_path / "copy")
    for same in (images, copy):
        events, evaluation = evaluated(workshop, run_id, DataSettings(path=same))
        (notice,) = of_kind(events, Notice)
        assert notice.level == "warning"
        assert notice.text.startswith("27 of the 36 images")
        assert evaluation.images == 36
    for path in split["test"]:
        (images / path).unlink()
    events, _ = evaluated(workshop, run_id, DataSettings(path=images))
    assert of_kind(events, Notice)[0].text.startswith("27 of the 27 images")


def test_other_images_of_the_same_names_are_not_taken_for_learned_ones(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    run_id = trained(workshop, images)
    other = make_folder(tmp_path / "other", per_class=5)
    assert not of_kind(evaluated(workshop, run_id, DataSettings(path=other))[0], Notice)
    images.rename(tmp_path / "away")
    assert not of_kind(evaluated(workshop, run_id, DataSettings(path=other))[0], Notice)


def test_other_data_with_classes_that_were_not_taught_is_refused(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    run_id = trained(workshop, images)
    other = make_folder(tmp_path / "other", per_class=3)
    (other / "red").rename(other / "violet")
    (other / "blue").rename(other / "brown")
    with pytest.raises(RunUseError, match=r"not taught: brown, violet\. It knows blue, green, red"):
        evaluated(workshop, run_id, DataSettings(path=other))


def make_deep_folder(root: Path, brightest: int) -> Path:
    """16-bit grey images of two classes, whose values reach as far as ``brightest``."""
    for name, level in (("dark", 0.3), ("light", 0.9)):
        (root / name).mkdir(parents=True)
        for index in range(8):
            noise = np.random.default_rng(index).random((32, 32)) * 0.1
            pixels = ((level + noise) * brightest).astype(np.uint16)
            Image.fromarray(pixels).save(root / name / f"{index}.png")
    return root


def test_deep_images_are_brought_to_8_bits_as_in_training(
    workshop: Workshop, tmp_path: Path
) -> None:
    bright, dim = (make_deep_folder(tmp_path / str(v), v) for v in (60_000, 600))
    run_ids = [trained(workshop, bright), trained(workshop, dim)]
    alone = [evaluated(workshop, run_id)[1] for run_id in run_ids]
    assert len({str(p.probabilities) for p in alone[1].predictions}) > 1
    _, crossed = evaluated(workshop, run_ids[0], DataSettings(path=dim))
    # In the range of the bright images, all dim ones are black: they cannot be told apart.
    assert len({str(p.probabilities) for p in crossed.predictions}) == 1
    # And pixels in another range are not mistaken for the run's own afterwards.
    assert [evaluated(workshop, run_id)[1] for run_id in run_ids] == alone


def test_other_deep_images_are_decoded_once(workshop: Workshop, tmp_path: Path) -> None:
    run_id = trained(workshop, make_deep_folder(tmp_path / "own", 60_000))
    other = make_deep_folder(tmp_path / "other", 600)
    events, _ = evaluated(workshop, run_id, DataSettings(path=other))
    passes = [event for event in of_kind(events, Progress) if event.what == "Decoding images"]
    assert [event.done for event in passes].count(0) == 1


def test_deep_images_are_refused_by_a_run_on_8_bits(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    run_id = trained(workshop, images)
    deep = make_deep_folder(tmp_path / "deep", 4000)
    for old, new in (("dark", "blue"), ("light", "red")):
        (deep / old).rename(deep / new)
    with pytest.raises(RunUseError, match="deeper than 8 bits"):
        evaluated(workshop, run_id, DataSettings(path=deep))


def exported(workshop: Workshop, run_id: str, file: Path, *, plain: bool = False) -> ExportReport:
    return drain(workshop.export(run_id, file, plain=plain))[1]


def test_large_images_are_not_all_kept_for_the_check(
    workshop: Workshop, registry: Registry, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = workshop.store.get(trained(workshop, images))
    spec = kept_classifier(run, registry).info.input
    for limit, count in ((40 * 32 * 3 * 4, 4), (1, 1)):
        monkeypatch.setattr(export_run, "LARGEST_SAMPLES", limit)
        assert len(export_run.validation_samples(run, registry, spec)) == count


def test_a_run_predicts_as_its_exported_model_does(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    run_id = trained(workshop, images)
    model = exported(workshop, run_id, tmp_path / "model.onnx").file
    (images / "green" / "005.png").write_bytes(b"torn")
    paths = [images / "red" / "003.png", images, tmp_path / "missing.png"]
    events, found = drain(workshop.predict(run_id, paths))
    outside = list(predict_files(model, paths))
    assert [one.path for one in found] == [one.path for one in outside]
    assert [(e.done, e.total) for e in of_kind(events, Progress)] == [(n, 37) for n in range(38)]
    for own, other in zip(found, outside, strict=True):
        if isinstance(own, FilePrediction) and isinstance(other, FilePrediction):
            assert own.predicted == other.predicted
            assert own.probabilities == pytest.approx(other.probabilities, abs=1e-4)
            assert own.confidence == own.probabilities[own.predicted]
        else:
            assert own == other
    assert sum(isinstance(one, FileProblem) for one in found) == 2


@pytest.mark.parametrize("plain", [False, True])
def test_an_exported_model_was_checked_on_validation_images(
    workshop: Workshop, images: Path, tmp_path: Path, plain: bool
) -> None:
    run_id = trained(workshop, images)
    file = tmp_path / "new folder" / "model.onnx"
    report = exported(workshop, run_id, file, plain=plain)
    assert (report.file, report.plain, report.images) == (file, plain, 9)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    assert session.get_outputs()[0].shape[1] == len(COLOURS)


def test_a_model_is_not_exported_if_there_is_nothing_to_check_it_with(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    run_id = trained(workshop, images)
    away = images.rename(tmp_path / "away")
    with pytest.raises(RunUseError, match="Put them back there"):
        exported(workshop, run_id, tmp_path / "model.onnx")
    for file in away.rglob("*.png"):
        file.write_bytes(b"")
    away.rename(images)
    with pytest.raises(RunUseError, match="none of those of run"):
        exported(workshop, run_id, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_a_place_that_cannot_be_written_to_is_named(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    run_id = trained(workshop, images)
    with pytest.raises(OutputFileError, match="cannot be written to"):
        exported(workshop, run_id, images / "red" / "000.png" / "model.onnx")


def test_a_run_whose_backbone_no_plugin_gives_any_more_says_so(
    workshop: Workshop, registry: Registry, images: Path
) -> None:
    run_id = trained(workshop, images)
    without = Workshop(replace(registry, backbones={}), workshop.store)
    with pytest.raises(UnknownNameError, match="no backbone 'tiny'"):
        evaluated(without, run_id)


FOREIGN_WEIGHTS = safetensors.numpy.save({"head.weight": np.zeros(3)})


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (JOB_FILE, b"{"),
        ("split.json", b"{"),
        ("split.json", b"[]"),
        ("split.json", b"{}"),
        ("classifier.json", b"{"),
        ("classifier.json", b"{}"),
        ("classifier.json", b"\xff"),
        ("best.safetensors", b""),
        ("best.safetensors", b"torn off in the middle"),
        ("best.safetensors", FOREIGN_WEIGHTS),
    ],
)
def test_a_damaged_run_says_what_is_damaged(
    workshop: Workshop, images: Path, file: str, content: bytes
) -> None:
    run_id = trained(workshop, images)
    (workshop.store.get(run_id).folder / file).write_bytes(content)
    with pytest.raises(RunUseError, match=f"of run {run_id} cannot be read"):
        evaluated(workshop, run_id)


def test_a_run_is_measured_on_the_device_of_its_job(
    workshop: Workshop, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Automatic choice would take a GPU that is said to be there."""
    run_id = trained(workshop, images)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert evaluated(workshop, run_id)[1].images == 9


def test_a_run_whose_device_is_not_here_is_measured_on_another(
    workshop: Workshop, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = trained(workshop, images)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    job = workshop.store.get(run_id).folder / JOB_FILE
    job.write_text(job.read_text("utf-8").replace('"device": "cpu"', '"device": "mps"'), "utf-8")
    events, evaluation = evaluated(workshop, run_id)
    (notice,) = of_kind(events, Notice)
    assert "trained on mps, which is not on this machine" in notice.text
    assert evaluation.images == 9


def test_a_run_that_does_not_exist_cannot_be_used(workshop: Workshop, tmp_path: Path) -> None:
    for use in (
        workshop.evaluate("last"),
        workshop.predict("last", [tmp_path]),
        workshop.export("last", tmp_path / "model.onnx"),
    ):
        with pytest.raises(UnknownRunError):
            drain(use)
    assert issubclass(UnknownRunError, GraftworkError)


def test_the_workshop_is_opened_without_torch() -> None:
    program = (
        "import sys\n"
        "from graftwork.app import make_workshop\n"
        "assert make_workshop().store.runs() == []\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_record_tells_the_figures_of_a_mixture_that_is_kept(
    workshop: Workshop, tmp_path: Path
) -> None:
    """Labels that nothing tells: far steps, so that half of the way is better."""
    for place in range(36):
        folder = tmp_path / "hard" / "ab"[place % 2]
        folder.mkdir(parents=True, exist_ok=True)
        make_image(place, COLOURS["red"]).save(folder / f"{place}.png")
    settings = {"epochs": 3, "rate": 0.3, "patience": None}
    job = small_job(
        tmp_path / "hard", "full-fine-tuning", settings, averaging="wise", best_metric="loss"
    )
    for seed in range(20):  # until the mixture's figure is another one than the best epoch's
        events, _ = drain(workshop.train(job.model_copy(update={"seed": seed})))
        best = [epoch for epoch in of_kind(events, EpochDone) if epoch.best][-1]
        mixed = of_kind(events, WeightsMixed)
        if mixed and mixed[0].validation_accuracy != best.validation_accuracy:
            break
    assert workshop.store.get("last").validation_accuracy == mixed[0].validation_accuracy
    assert mixed[0].validation_accuracy != best.validation_accuracy
