"""What phases can ask for, in whole runs: interrupted ones, and ones that go on from others."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from graftwork.engine.classifier_info import WEIGHTS_FILE
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import EpochDone, Notice
from graftwork.engine.job import StartSettings
from graftwork.engine.learning.sample import SAMPLE_FILE
from graftwork.engine.train import train
from support.jobs import of_kind, run_job, small_job

HEAD = {"head_epochs": 4, "head_rate": 0.05, "epochs": 3, "rate": 0.02}
RUNS = [
    ("low-rank", {**HEAD, "rank": 2}, {"averaging": "ema", "penalty": "l2-sp"}),
    (
        "full-fine-tuning",
        {"epochs": 4, "rate": 0.02},
        {"averaging": "swa", "batch_norm": "learning"},
    ),
    ("head-then-all", HEAD, {"averaging": "wise", "batch_norm": "re-estimated"}),
    ("partial-reinitialization", {"new_epochs": 3, "new_rate": 0.02, "epochs": 2}, {}),
    ("surgical", HEAD, {"batch_norm": "adapting"}),
]


def _weights(folder):
    return load_file(folder / WEIGHTS_FILE)


def _same(first, second):
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(("strategy", "settings", "training"), RUNS)
def test_interrupted_in_its_last_phase_a_run_ends_with_the_same_bits(
    strategy, settings, training, images, registry, tmp_path
):
    job = small_job(images, strategy, settings, **training)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    epochs = of_kind(run_job(job, registry, whole), EpochDone)
    last = epochs[-1].phase
    parts.mkdir()
    running = train(job, registry=registry, folder=parts, weights=None)
    for event in running:
        if isinstance(event, EpochDone) and event.phase == last:
            break
    running.close()
    resumed = list(train(job, registry=registry, folder=parts, weights=None, resume=True))
    assert len(of_kind(resumed, EpochDone)) < len(epochs)
    assert _same(_weights(whole), _weights(parts))


@pytest.fixture
def earlier(images, registry, tmp_path):
    """A run that has kept a sample of its images."""
    folder = tmp_path / "earlier"
    job = small_job(images, settings={"epochs": 20, "rate": 0.05}, keep_sample=3)
    run_job(job, registry, folder)
    return folder


def _update(images, earlier, *, replay=0, **training):
    job = small_job(images, "full-fine-tuning", {"epochs": 2, "rate": 0.05}, **training)
    return job.model_copy(update={"start": StartSettings(folder=earlier, replay=replay)})


def _distance(folder, earlier):
    now, before = _weights(folder), _weights(earlier)
    return sum(float((now[n] - v).square().sum()) for n, v in before.items() if v.ndim > 1)


def test_an_update_with_ewc_stays_nearer_to_what_was_learned(images, registry, earlier, tmp_path):
    free, held = tmp_path / "free", tmp_path / "held"
    run_job(_update(images, earlier), registry, free)
    run_job(_update(images, earlier, penalty="ewc", penalty_strength=1e4), registry, held)
    assert 0 < _distance(held, earlier) < 0.5 * _distance(free, earlier)


def test_l2_sp_does_not_pull_new_stages_back_to_what_they_were(images, registry, earlier, tmp_path):
    """Neither in the phase that draws them anew nor in the next, with a pull that wins."""
    settings = {"new_epochs": 2, "new_rate": 0.05, "epochs": 2, "rate": 0.05}
    job = small_job(
        images, "partial-reinitialization", settings, penalty="l2-sp", penalty_strength=1e4
    )
    fork = job.model_copy(update={"start": StartSettings(folder=earlier)})
    run_job(fork, registry, tmp_path / "run")
    now, before = _weights(tmp_path / "run"), _weights(earlier)
    away = {n: float((now[n] - v).norm() / v.norm()) for n, v in before.items() if v.ndim == 4}
    assert away["stages.top.0.weight"] > 1
    assert away["stages.middle.0.weight"] < 0.5


def test_from_scratch_nothing_is_pulled_back_to_random_weights(images, registry, tmp_path):
    """The penalty is weight decay, there, whatever its strength for what was pretrained."""
    settings, found = {"epochs": 2}, []
    for strength in (1e-3, 1e3):
        run = tmp_path / str(strength)
        training = {"penalty": "l2-sp", "penalty_strength": strength}
        run_job(small_job(images, "from-scratch", settings, **training), registry, run)
        found.append(_weights(run))
    assert _same(*found)


def test_an_update_can_train_on_the_earlier_images_too(images, registry, earlier, tmp_path):
    assert (earlier / SAMPLE_FILE).is_file()
    job = _update(images, earlier, replay=2, batch_size=1)
    without = of_kind(
        run_job(_update(images, earlier, batch_size=1), registry, tmp_path / "a"), EpochDone
    )
    replayed = of_kind(run_job(job, registry, tmp_path / "b"), EpochDone)
    assert replayed[0].train_loss != without[0].train_loss


def test_ewc_is_refused_where_the_head_that_would_be_asked_is_new(
    images, registry, earlier, tmp_path
):
    with pytest.raises(TrainingError, match="the head begins anew"):
        run_job(_update(images, earlier, penalty="ewc", head="cosine"), registry, tmp_path / "run")


def test_ewc_is_refused_where_one_known_class_is_left(images, registry, earlier, tmp_path):
    """Of one class there is nothing to tell apart: every weight would count for nothing."""
    classes = sorted(folder for folder in images.iterdir())
    for number, folder in enumerate(classes[1:]):
        folder.rename(images / f"new{number}")
    with pytest.raises(TrainingError, match="only one of them"):
        run_job(_update(images, earlier, penalty="ewc"), registry, tmp_path / "run")


def test_a_single_image_is_not_mixed_with_itself(images, registry, tmp_path):
    with pytest.raises(TrainingError, match="MixUp and CutMix"):
        run_job(small_job(images, batch_size=1, mixup=0.2), registry, tmp_path / "run")


@pytest.mark.parametrize(("strategy", "warned"), [("feature-extraction", 1), ("from-scratch", 0)])
def test_a_random_first_layer_that_never_learns_is_warned_of(
    images, registry, tmp_path, strategy, warned
):
    job = small_job(images, strategy, {"epochs": 1}, first_layer="new")
    notices = of_kind(run_job(job, registry, tmp_path / "run"), Notice)
    assert sum("never lets them learn" in notice.text for notice in notices) == warned


def test_ewc_without_an_earlier_run_is_refused_in_words(images, registry, tmp_path):
    with pytest.raises(TrainingError, match="keep_sample"):
        run_job(small_job(images, penalty="ewc"), registry, tmp_path / "run")
