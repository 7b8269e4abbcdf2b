"""Whole runs of the engine on the tiny backbone and real image files."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from graftwork.data.decoding import decode
from graftwork.engine import events as ev
from graftwork.engine.classifier import load_classifier
from graftwork.engine.classifier_info import WEIGHTS_FILE
from graftwork.engine.errors import TrainingError
from graftwork.engine.split_file import SPLIT_FILE
from graftwork.engine.train import train
from graftwork.plugin_api import HEAD, Phase, SolvedHead, WiSE
from graftwork.plugin_host.registry import UnknownNameError
from support.jobs import of_kind, run_job, run_plan, small_job
from support.tiny import build_tiny

SHORT = {
    "feature-extraction": {"epochs": 30, "rate": 0.05},
    "top-stages": {"head_epochs": 5, "epochs": 3, "rate": 0.01, "first_rate": 0.05},
    "head-then-all": {"head_epochs": 5, "head_rate": 0.05, "epochs": 3, "rate": 0.01},
    "full-fine-tuning": {"epochs": 6, "rate": 0.02},
    "progressive-unfreezing": {"head_epochs": 5, "head_rate": 0.05, "epochs": 2, "rate": 0.01},
    "from-scratch": {"epochs": 8, "rate": 0.02},
}


@pytest.mark.parametrize("strategy", SHORT)
def test_every_strategy_learns_three_colours(strategy, images, registry, tmp_path):
    events = run_job(small_job(images, strategy, SHORT[strategy]), registry, tmp_path / "run")
    assert isinstance(events[0], ev.RunStarted)
    assert isinstance(events[-1], ev.RunEnded)
    assert max(e.validation_accuracy for e in of_kind(events, ev.EpochDone)) >= 0.8
    assert events[-1].score == max(e.score for e in of_kind(events, ev.EpochDone))


def test_the_folder_keeps_the_epoch_that_was_best(images, registry, tmp_path):
    run = tmp_path / "run"
    events = run_job(small_job(images, "full-fine-tuning", {"epochs": 4}), registry, run)
    data = of_kind(events, ev.DataReady)[0]
    classifier = load_classifier(run, registry.backbones)
    assert classifier.info.classes == data.classes == ("blue", "green", "red")
    assert classifier.info.data_fingerprint == data.data_fingerprint
    assert _accuracy(classifier, images, run, "validation") == pytest.approx(
        _best(events).validation_accuracy
    )


def test_the_split_is_written_with_paths_below_the_data(images, registry, tmp_path):
    run = tmp_path / "run"
    events = run_job(small_job(images), registry, run)
    split = json.loads((run / SPLIT_FILE).read_text("utf-8"))
    assert split.pop("roots") == [str(images.resolve())]
    ready = of_kind(events, ev.DataReady)[0]
    assert {part: len(paths) for part, paths in split.items()} == {
        "train": ready.train,
        "validation": ready.validation,
        "test": ready.test,
        "before": 0,
    }
    every = [path for paths in split.values() for path in paths]
    assert len(set(every)) == 36
    assert all((images / path).is_file() for path in every)


def test_the_same_job_gives_the_same_weights_to_the_bit(images, registry, tmp_path):
    job = small_job(images, "full-fine-tuning", {"epochs": 2}, dropout=0.3, augmentation="strong")
    for name in ("one", "two"):
        run_job(job, registry, tmp_path / name)
        torch.rand(7)
    one, two = (load_file(tmp_path / name / WEIGHTS_FILE) for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_another_seed_gives_another_split_and_other_weights(images, registry, tmp_path):
    for seed in (0, 1):
        job = small_job(images).model_copy(update={"seed": seed})
        run_job(job, registry, tmp_path / str(seed))
    splits = [(tmp_path / s / SPLIT_FILE).read_text() for s in "01"]
    assert splits[0] != splits[1]


@pytest.mark.parametrize(("besides", "off"), [("pool", 1e-3), ("stem", 1e-5)])
def test_what_is_computed_once_gives_what_the_live_path_gives(
    besides, off, images, registry, tmp_path
):
    """``pool`` has no weights: with it, what the stages below give is kept, in half precision.

    With a stem that hardly learns, all images go through the whole network.
    """
    features = _weights_after(_head_only(), images, registry, tmp_path / "features")
    other = _weights_after(_head_only(besides), images, registry, tmp_path / "other")
    for name, value in features.items():
        assert torch.allclose(value, other[name], atol=off), name


def test_frozen_stages_do_not_move(images, registry, tmp_path):
    run_job(small_job(images, "top-stages", {"stages": 1, "epochs": 2}), registry, tmp_path / "run")
    after = load_file(tmp_path / "run" / WEIGHTS_FILE)
    before = registry.backbone("tiny").build(None).state_dict()
    moved = {n.split(".")[0] for n, v in before.items() if not torch.equal(v, after[f"stages.{n}"])}
    assert moved == {"top"}


def test_closing_stops_the_run_and_keeps_the_best(images, registry, tmp_path):
    job = small_job(images, "full-fine-tuning", {"epochs": 50})
    run = tmp_path / "run"
    run.mkdir()
    running = train(job, registry=registry, folder=run, weights=None)
    epochs = []
    while len(epochs) < 3:
        event = next(running)
        if isinstance(event, ev.EpochDone):
            epochs.append(event)
    running.close()
    best = max(epochs, key=lambda e: (e.score, -e.validation_loss))
    classifier = load_classifier(run, registry.backbones)
    assert _accuracy(classifier, images, run, "validation") == pytest.approx(
        best.validation_accuracy
    )


def test_closing_before_the_first_epoch_leaves_no_classifier(images, registry, tmp_path):
    running = train(small_job(images), registry=registry, folder=tmp_path, weights=None)
    next(running)
    running.close()
    assert not (tmp_path / WEIGHTS_FILE).exists()


def test_a_loss_that_is_not_finite_stops_the_run_with_advice(images, registry, tmp_path):
    def plan(settings, backbone, data):
        yield Phase(name="Head", epochs=3, rates={HEAD: 0.05})
        yield Phase(name="Boom", epochs=3, rates={"stem": 1e30, HEAD: 1e30}, schedule="constant")

    run = tmp_path / "run"
    with pytest.raises(TrainingError, match=r"Boom.*diverged.*learning rate"):
        run_plan(plan, images, registry, run, optimizer="sgd", augmentation="none")
    assert all(torch.isfinite(value).all() for value in load_file(run / WEIGHTS_FILE).values())


def test_a_validation_loss_that_is_not_finite_never_becomes_the_best(images, registry, tmp_path):
    """The last step of an epoch explodes, so that only validation sees what became of it."""

    def plan(settings, backbone, data):
        yield Phase(name="Head", epochs=2, rates={HEAD: 0.05})
        yield Phase(name="Boom", epochs=1, rates={"stem": 1e30, HEAD: 1e30}, schedule="constant")

    run = tmp_path / "run"
    with pytest.raises(TrainingError, match="on the validation images"):
        run_plan(plan, images, registry, run, batch_size=64, augmentation="none", precision="fp32")
    assert all(torch.isfinite(value).all() for value in load_file(run / WEIGHTS_FILE).values())


ONE_STEP = {
    "optimizer": "sgd",
    "momentum": 0.0,
    "weight_decay": 0.0,
    "batch_size": 64,
    "augmentation": "none",
}


def _after_one_step(images, registry, run, **training):
    """The weights after one step at a rate of 0.5."""

    def plan(settings, backbone, data):
        rates = dict.fromkeys(("stem", "middle", "top", HEAD), 0.5)
        yield Phase(name="Step", epochs=1, rates=rates, schedule="constant", batch_norm="frozen")

    run_plan(plan, images, registry, run, **ONE_STEP, **training)
    return load_file(run / WEIGHTS_FILE)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_gradients_are_clipped_by_the_norm_of_all_together(precision, images, registry, tmp_path):
    """What fp16 scales is scaled back before: else the steps would be shorter by the scale."""
    still, short, longer = (
        _after_one_step(
            images, registry, tmp_path / str(norm), precision=precision, clip_gradients=norm
        )
        for norm in (1e-9, 0.01, 0.02)
    )
    for moved, norm in ((short, 0.01), (longer, 0.02)):
        away = sum(float((moved[name] - value).square().sum()) for name, value in still.items())
        assert away**0.5 == pytest.approx(0.5 * norm, rel=1e-3)


def test_gradients_that_are_short_enough_stay_as_they_are(images, registry, tmp_path):
    free = _after_one_step(images, registry, tmp_path / "free", precision="fp32")
    bound = _after_one_step(
        images, registry, tmp_path / "bound", precision="fp32", clip_gradients=1e6
    )
    assert all(torch.equal(free[name], value) for name, value in bound.items())


def test_a_phase_that_gained_nothing_says_that_nothing_is_mixed(images, registry, tmp_path):
    def plan(settings, backbone, data):
        yield SolvedHead(name="Head")
        yield Phase(
            name="Worse",
            epochs=1,
            rates={"stem": 1e3, "middle": 1e3},
            schedule="constant",
            batch_norm="frozen",
            averaging=WiSE(parts=(0.5,)),
        )

    events = run_plan(plan, images, registry, tmp_path / "run")
    (said,) = [notice for notice in of_kind(events, ev.Notice) if "mixed" in notice.text.lower()]
    assert said.level == "info"
    assert said.text.startswith("Nothing was mixed: no epoch of this phase")
    assert of_kind(events, ev.RunEnded)[0].phase == 1


def test_a_backbone_without_weights_is_warned_of_where_they_matter(images, registry, tmp_path):
    for strategy, warned in (("feature-extraction", True), ("from-scratch", False)):
        job = small_job(images, strategy, {"epochs": 1})
        notices = of_kind(run_job(job, registry, tmp_path / strategy), ev.Notice)
        assert any("no pretrained weights" in n.text for n in notices) is warned


def test_a_stage_named_as_the_head_is_refused(images, registry, tmp_path):
    def build(weights):
        stages = build_tiny(weights)
        stages.add_module("head", torch.nn.Identity())
        return stages

    odd = replace(registry.backbone("tiny"), name="odd", build=build)
    more = replace(registry, backbones={"odd": odd})
    with pytest.raises(TrainingError, match="named 'head'"):
        run_job(small_job(images).model_copy(update={"backbone": "odd"}), more, tmp_path / "run")


def test_a_head_that_sees_augmented_images_says_how_they_are_computed(images, registry, tmp_path):
    job = small_job(images, settings={"epochs": 1}, augmentation="light", precision="bf16")
    events = run_job(job, registry, tmp_path / "run")
    assert of_kind(events, ev.PhaseStarted)[0].precision == "bf16"


def test_patience_ends_a_phase_early(images, registry, tmp_path):
    job = small_job(images, settings={"epochs": 500, "rate": 1.0, "patience": 3})
    events = run_job(job, registry, tmp_path / "run")
    end = of_kind(events, ev.PhaseEnded)[0]
    assert end.epochs_run < 500
    assert end.epochs_run == end.best_epoch + 3
    assert "no gain" in end.reason


def test_grey_images_train_with_one_channel(images, registry, tmp_path):
    run = tmp_path / "run"
    run_job(small_job(images, channels=1), registry, run)
    classifier = load_classifier(run, registry.backbones)
    assert classifier.info.input.channels == 1
    assert classifier(torch.zeros(2, 20, 30, 1, dtype=torch.uint8)).shape == (2, 3)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("metric", ["accuracy", "balanced-accuracy", "macro-f1", "loss"])
def test_optimizers_and_metrics(optimizer, metric, images, registry, tmp_path):
    settings = {"epochs": 5, "rate": 0.05}
    job = small_job(images, settings=settings, optimizer=optimizer, best_metric=metric,
                    label_smoothing=0.1, dropout=0.1)  # fmt: skip
    events = run_job(job, registry, tmp_path / "run")
    best = _best(events)
    assert events[-1].score == best.score
    values = {
        "accuracy": best.validation_accuracy,
        "balanced-accuracy": best.validation_balanced_accuracy,
        "macro-f1": best.validation_macro_f1,
        "loss": -best.validation_loss,
    }
    assert best.score == pytest.approx(values[metric])


@pytest.mark.parametrize(
    ("schedule", "peak_at"), [("auto", 0), ("cosine", 0), ("one-cycle", 2), ("constant", 0)]
)
def test_the_user_can_choose_how_rates_change(schedule, peak_at, images, registry, tmp_path):
    """One step in each of nine epochs: where the greatest rate stands shows the schedule."""

    def plan(settings, backbone, data):
        yield Phase(name="Head", epochs=9, rates={HEAD: 0.05})

    events = run_plan(plan, images, registry, tmp_path / "run", schedule=schedule, batch_size=64)
    last = {step.epoch: step.rates[HEAD] for step in of_kind(events, ev.StepDone)}
    rates = [last[epoch] for epoch in sorted(last)]
    assert rates.index(max(rates)) == peak_at
    assert (len(set(rates)) == 1) == (schedule == "constant")


def test_mixed_precision_on_the_processor_trains_too(images, registry, tmp_path):
    job = small_job(images, "full-fine-tuning", SHORT["full-fine-tuning"], precision="bf16")
    events = run_job(job, registry, tmp_path / "run")
    assert of_kind(events, ev.PhaseStarted)[0].precision == "bf16"
    assert _best(events).validation_accuracy >= 0.8


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"backbone": "tinny"}, UnknownNameError, "tiny"),
        ({"strategy": "magic"}, UnknownNameError, "magic"),
        ({"strategy_settings": {"epoch": 3}}, TrainingError, "epochs"),
        ({"strategy_settings": {"epochs": 0}}, TrainingError, "epochs"),
        ({"data_fingerprint": "0" * 64}, TrainingError, "data_fingerprint"),
    ],
)
def test_a_job_that_cannot_run_says_why(change, error, said, images, registry, tmp_path):
    job = small_job(images).model_copy(update=change)
    with pytest.raises(error, match=said):
        run_job(job, registry, tmp_path / "run")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused(images, registry, tmp_path):
    with pytest.raises(TrainingError, match="device=cpu"):
        run_job(small_job(images, device="cuda"), registry, tmp_path / "run")


def test_a_job_with_the_right_fingerprint_runs_again(images, registry, tmp_path):
    events = run_job(small_job(images), registry, tmp_path / "one")
    fingerprint = of_kind(events, ev.DataReady)[0].data_fingerprint
    job = small_job(images).model_copy(update={"data_fingerprint": fingerprint})
    assert isinstance(run_job(job, registry, tmp_path / "two")[-1], ev.RunEnded)


def test_what_is_kept_together_is_said(images, registry, tmp_path):
    job = small_job(images)
    grouped = job.data.model_copy(update={"reader_options": {"group_pattern": r"00\d"}})
    events = run_job(job.model_copy(update={"data": grouped}), registry, tmp_path / "run")
    said = [event.text for event in of_kind(events, ev.Notice)]
    count = len(list(images.rglob("00?.png")))
    assert any(text.startswith(f"Not split: {count} images in 10 groups, ") for text in said)


def test_files_that_cannot_be_used_are_said_and_left_out(images, registry, tmp_path):
    (images / "red" / "broken.png").write_bytes(b"")
    (images / "red" / "text.jpg").write_text("not an image")
    events = run_job(small_job(images), registry, tmp_path / "run")
    problems = of_kind(events, ev.ProblemFound)
    assert sorted(p.path.rsplit("/", 1)[-1] for p in problems) == ["broken.png", "text.jpg"]
    assert all(p.reason for p in problems)
    ready = of_kind(events, ev.DataReady)[0]
    assert ready.train + ready.validation + ready.test == 36


def _no_phase(settings, backbone, data):
    yield from ()


def _no_sense(settings, backbone, data):
    yield "train, please"


@pytest.mark.parametrize("plan", [_no_phase, _no_sense])
def test_a_strategy_that_makes_no_sense_is_named(plan, images, registry, tmp_path):
    with pytest.raises(TrainingError, match="planned"):
        run_plan(plan, images, registry, tmp_path / "run")


def test_a_strategy_is_told_what_each_phase_reached(images, registry, tmp_path):
    reports = []

    def plan(settings, backbone, data):
        assert backbone.stage_names == ("stem", "middle", "top", "pool")
        assert data.training_images == {"blue": 6, "green": 6, "red": 6}
        reports.clear()  # the plan was asked once before, for the estimate
        reports.append((yield Phase(name="one", epochs=3, rates={HEAD: 0.05})))
        reports.append((yield Phase(name="two", epochs=2, rates={HEAD: 1e-9})))

    events = run_plan(plan, images, registry, tmp_path / "run", best_metric="loss")
    assert [(r.phase.name, r.epochs_run) for r in reports] == [("one", 3), ("two", 2)]
    assert reports[0].improved
    assert reports[0].best_score == max(
        e.score for e in of_kind(events, ev.EpochDone) if e.phase == 1
    )


def _head_only(*besides):
    def plan(settings, backbone, data):
        rates = {**dict.fromkeys(besides, 1e-12), HEAD: 0.05}
        yield Phase(name="Head", epochs=3, rates=rates, batch_norm="frozen")

    return plan


def test_batch_norm_cannot_follow_one_image_at_a_time(images, registry, tmp_path):
    job = small_job(images, "full-fine-tuning", {"epochs": 1}, batch_norm="learning", batch_size=1)
    with pytest.raises(TrainingError, match="batch_size=2"):
        run_job(job, registry, tmp_path / "one")
    parts = {"batch_size": 4, "accumulate": 4}
    job = small_job(images, "full-fine-tuning", {"epochs": 1}, batch_norm="learning", **parts)
    assert of_kind(run_job(job, registry, tmp_path / "parts"), ev.EpochDone)


def _weights_after(plan, images, registry, run):
    run_plan(plan, images, registry, run, augmentation="none", precision="fp32")
    return load_file(run / WEIGHTS_FILE)


def _best(events):
    best = max(of_kind(events, ev.EpochDone), key=lambda e: (e.score, -e.validation_loss))
    assert best.best
    return best


def _accuracy(classifier, root, run, part):
    """The kept classifier's accuracy on image files of one part, read from the disk anew."""
    paths = json.loads((run / SPLIT_FILE).read_text("utf-8"))[part]
    pixels = torch.from_numpy(np.stack([decode(root / path, 3) for path in paths]))
    with torch.no_grad():
        found = classifier(pixels).argmax(1).tolist()
    labels = [classifier.info.classes.index(path.split("/")[0]) for path in paths]
    return np.mean(np.array(found) == labels)


def test_a_schedule_for_a_stage_that_is_not_there_is_refused(images, registry, tmp_path):
    job = small_job(images, stage_schedules="topp=constant")
    with pytest.raises(TrainingError, match=r"no stage 'topp'.*did you mean top"):
        run_job(job, registry, tmp_path / "run")


def test_a_stage_follows_a_schedule_of_its_own(images, registry, tmp_path):
    settings = {"epochs": 2, "rate": 0.01, "gamma": 1.0}
    job = small_job(
        images, "full-fine-tuning", settings, stage_schedules="stem=constant", warmup=0.5
    )
    steps = of_kind(run_job(job, registry, tmp_path / "run"), ev.StepDone)
    first, *_, last = steps
    assert first.rates["stem"] == first.rates[HEAD] < 0.01
    assert last.rates["stem"] == 0.01
    assert last.rates[HEAD] < 0.005
