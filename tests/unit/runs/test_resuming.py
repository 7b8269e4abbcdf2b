"""Going on with runs, and starting new ones from the weights of old ones."""

from __future__ import annotations

import csv
import errno
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from graftwork.engine.classifier_info import WEIGHTS_FILE
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import (
    CheckpointWritten,
    EpochDone,
    Notice,
    PhaseStarted,
    Progress,
    Resumed,
)
from graftwork.engine.job import DataSettings, StartSettings, TrainingJob
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import DatasetError
from graftwork.runs.errors import RunUseError
from graftwork.runs.kept import kept_split
from graftwork.runs.log import load_history
from graftwork.runs.workshop import Workshop
from support.generators import drain
from support.images import COLOURS, make_folder, make_image
from support.jobs import of_kind, small_job


def job_on(images: Path, **training: Any) -> TrainingJob:
    return small_job(images, "full-fine-tuning", {"epochs": 6, "patience": None}, **training)


def stop_after(workshop: Workshop, job: TrainingJob, epochs: int) -> str:
    """Train and close after so many epochs; the run's id."""
    with closing(workshop.train(job)) as training:
        for event in training:
            if isinstance(event, EpochDone) and event.epoch == epochs:
                break
    assert workshop.current_run
    return workshop.current_run.id


def weights(workshop: Workshop, run_id: str) -> dict[str, bytes]:
    state = load_file(workshop.store.get(run_id).folder / WEIGHTS_FILE)
    return {name: value.numpy().tobytes() for name, value in state.items()}


def test_a_stopped_run_goes_on_to_the_weights_that_it_would_have_had(
    workshop: Workshop, images: Path
) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    whole = workshop.current_run.id
    stopped = stop_after(workshop, job_on(images), 3)
    assert workshop.store.get(stopped).status == "stopped"
    events, _ = drain(workshop.resume(stopped))
    assert workshop.store.get(stopped).status == "finished"
    assert weights(workshop, whole) == weights(workshop, stopped)
    assert [epoch.epoch for epoch in of_kind(events, EpochDone)] == [1, 2, 3, 4, 5, 6]
    assert len(of_kind(events, Resumed)) == 1


def test_a_run_whose_end_could_not_be_noted_is_not_trained_again(
    workshop: Workshop, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk, or if it was killed in that moment."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(workshop.store, "finish", full)
        drain(workshop.train(job_on(images)))
    assert workshop.current_run
    run = workshop.store.get(workshop.current_run.id)
    trained = weights(workshop, run.id)
    events, _ = drain(workshop.resume(run.id))
    (resumed,) = of_kind(events, Resumed)
    assert not of_kind(events[events.index(resumed) :], EpochDone)
    assert workshop.store.get(run.id).status == "finished"
    assert weights(workshop, run.id) == trained
    assert not (run.folder / "checkpoints").exists()


@pytest.mark.parametrize("fate", ["trained on", "removed"])
def test_a_fork_goes_on_from_the_weights_that_it_was_begun_with(
    workshop: Workshop, images: Path, fate: str
) -> None:
    """Stages that are frozen are in no checkpoint: they come from the parent."""
    parent = workshop.store.get(stop_after(workshop, job_on(images), 2))
    start = {"start": StartSettings(folder=parent.folder)}
    settings = {"epochs": 3, "head_epochs": 3, "stages": 1, "patience": None}
    job = small_job(images, "top-stages", settings).model_copy(update=start)
    drain(workshop.train(job))
    assert workshop.current_run
    whole = workshop.current_run.id
    fork = stop_after(workshop, job, 1)
    if fate == "removed":
        shutil.rmtree(parent.folder)
    else:
        drain(workshop.resume(parent.id))
    drain(workshop.resume(fork))
    assert weights(workshop, fork) == weights(workshop, whole)


def test_a_fork_that_is_not_done_can_be_moved(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    parent = workshop.store.get(stop_after(workshop, job_on(images), 2))
    job = job_on(images).model_copy(update={"start": StartSettings(folder=parent.folder)})
    with closing(workshop.train(job, tmp_path / "fork")) as training:
        next(event for event in training if isinstance(event, EpochDone))
    (tmp_path / "fork").rename(tmp_path / "moved")
    drain(workshop.resume(str(tmp_path / "moved")))
    assert workshop.current_run
    assert workshop.current_run.status == "finished"
    again = workshop.store.job_of(workshop.current_run)
    shutil.rmtree(parent.folder)
    drain(workshop.train(again))  # from the start that the moved run keeps


def test_a_run_that_cannot_go_on_stays_as_it_was(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    stopped = stop_after(workshop, job_on(images), 2)
    drain(workshop.evaluate(stopped))
    before = workshop.store.get(stopped)
    assert before.test_accuracy is not None
    images.rename(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match="no file or folder"):
        drain(workshop.resume(stopped))
    assert workshop.store.get(stopped) == before == workshop.current_run
    (tmp_path / "elsewhere").rename(images)
    drain(workshop.resume(stopped))
    assert workshop.store.get(stopped).status == "finished"


def test_a_run_that_is_stopped_before_it_goes_on_stays_as_it_was(
    workshop: Workshop, images: Path
) -> None:
    stopped = stop_after(workshop, job_on(images), 2)
    before = workshop.store.get(stopped)
    with closing(workshop.resume(stopped)) as training:
        assert isinstance(next(training), Progress)
        assert workshop.store.get(stopped).status == "running"
    assert workshop.store.get(stopped) == before


def test_a_run_that_ends_just_before_it_would_go_on_is_not_begun_anew(
    workshop: Workshop, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process ends it between the look at its record and the lock."""
    run_id = stop_after(workshop, job_on(images), 2)
    others = Workshop(workshop.registry, workshop.store)
    stale = workshop.store.get(run_id)
    answers = iter([stale])
    drain(others.resume(run_id))
    monkeypatch.setattr(workshop.store, "get", lambda *_: next(answers))
    with pytest.raises(RunUseError, match="is finished"):
        drain(workshop.resume(run_id))


def test_an_evaluation_leaves_the_record_of_a_run_at_work_alone(
    workshop: Workshop, images: Path
) -> None:
    run_id = stop_after(workshop, job_on(images), 2)
    others = Workshop(workshop.registry, workshop.store)
    with closing(workshop.resume(run_id)) as training:
        next(event for event in training if isinstance(event, EpochDone) and event.epoch == 3)
        drain(others.evaluate(run_id))
        assert workshop.store.get(run_id).test_accuracy is None
        drain(training)
    assert workshop.store.get(run_id).status == "finished"


def test_the_last_run_is_the_newest_that_can_be_used_so(workshop: Workshop, images: Path) -> None:
    trained = stop_after(workshop, job_on(images), 2)
    drain(workshop.train(small_job(images)))
    assert workshop.current_run
    finished = workshop.current_run.id
    with pytest.raises(TrainingError):
        drain(workshop.train(job_on(images, device="mps")))
    assert workshop.store.get("last").status == "failed"
    drain(workshop.evaluate("last"))
    assert workshop.store.get(finished).test_accuracy is not None
    drain(workshop.resume("last"))
    assert workshop.store.get(trained).status == "finished"


@pytest.mark.parametrize(
    ("start", "said"),
    [({"weights": "2-9"}, "no weights '2-9'"), ({"replay": 1}, "kept no sample")],
)
def test_a_fork_that_cannot_begin_makes_no_run(
    workshop: Workshop, images: Path, start: dict[str, Any], said: str
) -> None:
    drain(workshop.train(small_job(images)))
    assert workshop.current_run
    before = [run.id for run in workshop.store.runs()]
    with pytest.raises(TrainingError, match=said):
        forked(workshop, images, workshop.current_run.id, **start)
    assert [run.id for run in workshop.store.runs()] == before


def test_the_log_of_a_resumed_run_tells_one_story(workshop: Workshop, images: Path) -> None:
    run_id = stop_after(workshop, job_on(images), 2)
    drain(workshop.resume(run_id))
    run = workshop.store.get(run_id)
    history = load_history(run)
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3, 4, 5, 6]
    assert len(history.phases) == 1
    assert history.ended
    with (run.folder / "metrics.csv").open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == list("123456")


def test_a_run_that_is_killed_after_it_went_on_tells_one_story(
    workshop: Workshop, images: Path
) -> None:
    """It goes on once more from the checkpoint of the stop, of which the log says nothing."""
    run_id = stop_after(workshop, job_on(images), 2)
    run = workshop.store.get(run_id)
    kept = run.folder.with_name("kept")
    with closing(workshop.resume(run_id)) as training:
        for event in training:
            if isinstance(event, EpochDone) and event.epoch == 4:
                shutil.copytree(run.folder, kept)
    shutil.rmtree(run.folder)
    kept.rename(run.folder)
    workshop.store.finish(run, "stopped")
    drain(workshop.resume(run_id))
    assert [epoch.epoch for epoch in load_history(run).epochs] == [1, 2, 3, 4, 5, 6]


def test_what_was_measured_before_a_run_went_on_is_not_told_after(
    workshop: Workshop, images: Path
) -> None:
    run_id = stop_after(workshop, job_on(images), 1)
    _, before = drain(workshop.evaluate(run_id))
    assert workshop.kept_evaluation(workshop.store.get(run_id)) == before
    drain(workshop.resume(run_id))
    run = workshop.store.get(run_id)
    assert run.test_accuracy is None
    assert workshop.kept_evaluation(run) is None
    _, after = drain(workshop.evaluate(run_id))
    assert after.figures["log_loss"].value < before.figures["log_loss"].value
    assert workshop.kept_evaluation(run) == after


def test_what_was_said_after_the_checkpoint_is_forgotten(workshop: Workshop, images: Path) -> None:
    """As after a kill: the log is ahead of the newest checkpoint."""
    run_id = stop_after(workshop, job_on(images), 4)
    log = workshop.store.get(run_id).folder / "events.jsonl"
    lines = log.read_text("utf-8").splitlines(keepends=True)
    first = lines.index(next(line for line in lines if "epoch-done" in line))
    mark = CheckpointWritten(number=1).model_dump_json() + "\n"
    log.write_text("".join([*lines[: first + 1], mark, *lines[first + 1 :], "{torn"]), "utf-8")
    events, _ = drain(workshop.resume(run_id))
    (resumed,) = of_kind(events, Resumed)
    epochs = [epoch.epoch for epoch in of_kind(events, EpochDone)]
    assert resumed.checkpoint == 1
    assert epochs == [1, 5, 6]  # the log was made to say that the checkpoint came after epoch 1
    assert len(of_kind(events, PhaseStarted)) == 1


def test_a_finished_run_is_not_gone_on_with(workshop: Workshop, images: Path) -> None:
    drain(workshop.train(job_on(images)))
    with pytest.raises(RunUseError, match="graftwork fork"):
        drain(workshop.resume("last"))
    assert workshop.store.get("last").status == "finished"


def test_a_run_at_work_is_left_alone(workshop: Workshop, images: Path) -> None:
    with closing(workshop.train(job_on(images))) as training:
        next(training)
        with pytest.raises(RunUseError, match="another process"):
            drain(workshop.resume("last"))
        assert workshop.store.get("last").status == "running"


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from support import tiny
import graftwork_datasets, graftwork_strategies
from graftwork.engine.events import EpochDone
from graftwork.engine.job import TrainingJob
from graftwork.plugin_host import build_registry
from graftwork.runs.store import RunStore
from graftwork.runs.workshop import Workshop
plugins = [("tiny", tiny.PLUGIN), ("s", graftwork_strategies), ("d", graftwork_datasets)]
workshop = Workshop(build_registry(plugins), RunStore(Path({store!r})))
for event in workshop.train(TrainingJob.model_validate_json({job!r})):
    print(event.kind, flush=True)
"""


def test_a_run_whose_process_was_killed_goes_on_in_another(
    workshop: Workshop, images: Path
) -> None:
    script = KILLED.format(
        path=sys.path, store=str(workshop.store.folder), job=job_on(images).model_dump_json()
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout
        next(line for line in process.stdout if line.strip() == b"epoch-done")
        with pytest.raises(RunUseError, match="another process"):
            drain(workshop.resume("last"))
        os.kill(process.pid, signal.SIGKILL)
    assert workshop.store.get("last").status == "interrupted"
    drain(workshop.resume("last"))
    assert workshop.store.get("last").status == "finished"


def forked(workshop: Workshop, images: Path, run_id: str, **start: Any) -> list[Any]:
    folder = workshop.store.get(run_id).folder
    job = job_on(images).model_copy(update={"start": StartSettings(folder=folder, **start)})
    return drain(workshop.train(job))[0]


def other_images(folder: Path) -> Path:
    """Images of the same classes whose names are not those of the ``images``."""
    for file in make_folder(folder).rglob("*.png"):
        file.rename(file.with_name(f"other-{file.name}"))
    return folder


def test_a_fork_begins_with_the_weights_of_the_other_run(workshop: Workshop, images: Path) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    best = load_history(workshop.current_run).best
    assert best
    settings = {"strategy": "feature-extraction", "strategy_settings": {"epochs": 1, "rate": 1e-9}}
    start = StartSettings(folder=workshop.current_run.folder)
    events, _ = drain(
        workshop.train(job_on(images).model_copy(update={**settings, "start": start}))
    )
    (epoch,) = of_kind(events, EpochDone)
    assert epoch.validation_loss == pytest.approx(best.validation_loss, rel=1e-5)


def test_a_fork_is_not_tested_on_images_that_the_other_run_learned_from(
    workshop: Workshop, images: Path
) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    first = workshop.current_run
    for index in range(8):
        make_image(900 + index, COLOURS["red"]).save(images / "red" / f"new{index}.png")
    start = StartSettings(folder=first.folder)
    job = job_on(images).model_copy(update={"start": start, "seed": 7})
    events, _ = drain(workshop.train(job))
    assert any("so that no test image" in notice.text for notice in of_kind(events, Notice))
    before, now = kept_split(first), kept_split(workshop.current_run)
    assert set(before.train) < set(now.train)
    for part in ("validation", "test"):
        assert set(getattr(before, part)) < set(getattr(now, part))
    drain(workshop.train(job_on(images).model_copy(update={"seed": 7})))
    assert set(kept_split(workshop.current_run).test) & set(before.train)


def test_a_fork_of_a_fork_knows_the_images_of_both(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    first = workshop.current_run
    others = other_images(tmp_path / "others")
    forked(workshop, others, first.id)
    start = StartSettings(folder=workshop.current_run.folder)
    job = job_on(images).model_copy(update={"start": start, "seed": 7})
    drain(workshop.train(job))
    assert kept_split(workshop.current_run).test == kept_split(first).test


def test_a_forks_figures_on_images_of_the_run_before_are_said_to_flatter(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    first = workshop.current_run
    others = other_images(tmp_path / "others")
    for _ in range(2):  # a fork, and a fork of it
        forked(workshop, others, workshop.current_run.id)
    shutil.rmtree(first.folder)
    events, _ = drain(workshop.evaluate("last", DataSettings(path=images)))
    (notice,) = of_kind(events, Notice)
    assert notice.text.startswith("27 of the 36 images are among those that the run, or one")


def test_a_fork_says_so_where_the_data_name_test_images_that_were_learned(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    folder = workshop.current_run.folder
    first = kept_split(workshop.current_run)
    learned = first.train
    table = images / "parts.csv"
    files = sorted(images.rglob("*.png"))
    parts = ["test" if number % 4 == 0 else "train" for number in range(len(files))]
    names = [file.relative_to(images).as_posix() for file in files]
    rows = [f"{n},{n.split('/')[0]},{part}" for n, part in zip(names, parts, strict=True)]
    table.write_text("\n".join(["path,label,part", *rows]), "utf-8")
    job = job_on(table).model_copy(update={"start": StartSettings(folder=folder)})
    events, _ = drain(workshop.train(job))
    known = sum(part == "test" and name in learned for name, part in zip(names, parts, strict=True))
    assert known
    (said,) = [e for e in of_kind(events, Notice) if "earlier run was trained" in e.text]
    assert said.level == "warning"
    assert not any("so that no test image" in e.text for e in of_kind(events, Notice))
    # Nor does a fork of the fork forget it, which still has these images as its own test images.
    again = StartSettings(folder=workshop.current_run.folder)
    forked_split = kept_split(workshop.current_run)
    tested = {forked_split.roots[0] / path for path in forked_split.test}
    assert forked_split.learned() & tested == first.learned() & tested != set()
    drawn = job_on(images).model_copy(update={"start": again})
    for later in (job.model_copy(update={"start": again}), drawn):
        events, _ = drain(workshop.train(later))
        flatter = [e for e in of_kind(events, Notice) if "earlier run was trained" in e.text]
        assert bool(flatter) is (later is not drawn)
    assert not set(kept_split(workshop.current_run).test) & set(learned)


@pytest.mark.parametrize(
    ("replay", "training", "refused"),
    [(0, {}, False), (2, {}, True), (0, {"penalty": "ewc"}, True)],
)
def test_a_stored_sample_must_only_fit_where_it_is_needed(
    workshop: Workshop, images: Path, replay: int, training: dict[str, Any], refused: bool
) -> None:
    drain(workshop.train(job_on(images, keep_sample=4)))
    assert workshop.current_run
    start = StartSettings(folder=workshop.current_run.folder, replay=replay)
    job = job_on(images, size=48, **training).model_copy(update={"start": start})
    if refused:
        with pytest.raises(TrainingError, match="size was 32 and is 48"):
            drain(workshop.train(job))
    else:
        drain(workshop.train(job))


@pytest.mark.parametrize("change", [{"dropout": 0.2}, {"hidden_units": 99}])
def test_a_fork_keeps_its_head_where_no_weights_change(
    workshop: Workshop, images: Path, change: dict[str, Any]
) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    start = StartSettings(folder=workshop.current_run.folder)
    job = job_on(images, **change).model_copy(update={"start": start})
    events, _ = drain(workshop.train(job))
    assert any("head goes on as it is" in notice.text for notice in of_kind(events, Notice))


def test_a_fork_from_scratch_is_refused(workshop: Workshop, images: Path) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    start = StartSettings(folder=workshop.current_run.folder)
    job = job_on(images).model_copy(update={"start": start, "strategy": "from-scratch"})
    with pytest.raises(TrainingError, match="random weights"):
        drain(workshop.train(job.model_copy(update={"strategy_settings": {}})))


def test_a_fork_from_an_epoch_needs_its_weights(workshop: Workshop, images: Path) -> None:
    drain(workshop.train(job_on(images, keep_epochs=True)))
    assert workshop.current_run
    run = workshop.current_run
    kept = {file.stem for file in (run.folder / "epochs").iterdir()}
    assert kept == {f"1-{epoch}" for epoch in range(1, 7)}
    assert forked(workshop, images, run.id, weights="1-2")
    with pytest.raises(TrainingError, match=r"best, 1-1, 1-2"):
        forked(workshop, images, run.id, weights="7-7")


def test_a_fork_onto_other_classes_keeps_what_it_knows_by_name(
    workshop: Workshop, images: Path
) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    first = workshop.current_run.id
    (images / "red").rename(images / "amber")
    events = forked(workshop, images, first)
    assert any("2 of the 3 classes" in notice.text for notice in of_kind(events, Notice))


def test_a_fork_needs_a_run_with_weights(workshop: Workshop, images: Path, tmp_path: Path) -> None:
    job = TrainingJob(
        data=DataSettings(path=images, validation=0.25, test=0.25),
        backbone="tiny",
        training=TrainingSettings(device="cpu"),
        start=StartSettings(folder=tmp_path / "nowhere"),
    )
    with pytest.raises(TrainingError, match="no weights 'best'"):
        drain(workshop.train(job))


def test_an_update_trains_on_stored_images_of_the_run_before(
    workshop: Workshop, images: Path, tmp_path: Path
) -> None:
    drain(workshop.train(job_on(images, keep_sample=4)))
    assert workshop.current_run
    first = workshop.current_run.folder
    assert (first / "sample.safetensors").is_file()
    newer = make_folder(tmp_path / "newer", per_class=8)
    start = StartSettings(folder=first, replay=3)
    job = job_on(newer, penalty="ewc").model_copy(update={"start": start})
    events, _ = drain(workshop.train(job))
    trained = of_kind(events, PhaseStarted)[0]
    alone = of_kind(drain(workshop.train(job_on(newer)))[0], PhaseStarted)[0]
    assert trained.steps_per_epoch > alone.steps_per_epoch


def test_replay_without_a_stored_sample_is_refused(workshop: Workshop, images: Path) -> None:
    drain(workshop.train(job_on(images)))
    assert workshop.current_run
    with pytest.raises(TrainingError, match="sample"):
        forked(workshop, images, workshop.current_run.id, replay=2)
