"""Whole runs heed each setting, and learn from the training images alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torchvision.ops import StochasticDepth

from graftwork.data.decoding import decode
from graftwork.data.resize import resize
from graftwork.engine.classifier import load_classifier
from graftwork.engine.classifier_info import WEIGHTS_FILE
from graftwork.engine.events import EpochDone, RunEnded, WeightsMixed
from graftwork.engine.job import StartSettings
from graftwork.engine.split_file import read_split
from graftwork.engine.steps import batch_count
from graftwork.engine.weights_file import read_weights
from graftwork.plugin_api import EMA, HEAD, L2SP, SWA, Phase, WiSE
from support.images import COLOURS, make_folder, make_image
from support.jobs import of_kind, run_job, run_phases, small_job
from support.tiny import TINY, build_tiny


def _stem_statistics(images, run, registry, weights):
    """Mean and variance of what the first convolution gives of the run's training images."""
    classifier = load_classifier(run, registry.backbones)
    classifier.load_state_dict(weights)
    spec = classifier.info.input
    files = [images / path for path in read_split(run).train]
    pixels = resize(torch.from_numpy(np.stack([decode(file, 3) for file in files])), spec)
    with torch.no_grad():
        given = classifier.stages.stem[0](classifier.normalize(pixels))
    return given.mean((0, 2, 3)), given.transpose(0, 1).flatten(1).var(1)


def test_statistics_are_measured_anew_on_the_training_images(images, registry, tmp_path):
    run = tmp_path / "run"
    run_job(small_job(images, settings={"epochs": 1}, batch_norm="re-estimated"), registry, run)
    kept = read_weights(run / WEIGHTS_FILE)
    mean, variance = _stem_statistics(images, run, registry, kept)
    torch.testing.assert_close(kept["stages.stem.1.running_mean"], mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(kept["stages.stem.1.running_var"], variance, rtol=1e-4, atol=1e-5)


def test_averaged_weights_have_the_statistics_of_the_training_images(images, registry, tmp_path):
    run, settings = tmp_path / "run", {"epochs": 4, "rate": 0.02}
    training = {"averaging": "swa", "batch_norm": "learning", "keep_epochs": True}
    run_job(small_job(images, "full-fine-tuning", settings, **training), registry, run)
    kept = read_weights(run / "epochs" / "1-4.safetensors")
    mean, variance = _stem_statistics(images, run, registry, kept)
    torch.testing.assert_close(kept["stages.stem.1.running_mean"], mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(kept["stages.stem.1.running_var"], variance, rtol=1e-4, atol=1e-5)


def test_rare_classes_are_those_of_the_training_images(registry, tmp_path):
    """Training images are even, so weights for rare classes are all 1, whatever validates."""
    data = tmp_path / "images"
    for part, counts in (("train", (8, 8, 8)), ("val", (9, 2, 2)), ("test", (3, 3, 3))):
        for (name, colour), count in zip(COLOURS.items(), counts, strict=True):
            (data / part / name).mkdir(parents=True)
            for index in range(count):
                number = index + 100 * len(part)
                make_image(number, colour).save(data / part / name / f"{index}.png")
    found = []
    for weights in ("none", "inverse"):
        run = tmp_path / weights
        run_job(small_job(data, settings={"epochs": 3}, class_weights=weights), registry, run)
        found.append(load_file(run / WEIGHTS_FILE))
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("head", "name"),
    [("linear", "linear.weight"), ("cosine", "directions"), ("mlp", "linear.weight")],
)
def test_classes_keep_the_rows_of_the_head_by_their_names(head, name, images, registry, tmp_path):
    """Red was the last class and is the first of four; a class that is new stands between."""
    before, after = tmp_path / "before", tmp_path / "after"
    run_job(small_job(images, settings={"epochs": 3}, head=head), registry, before)
    (images / "red").rename(images / "a red")
    (images / "green").rename(images / "red")
    make_folder(tmp_path / "more", classes=("green",))
    (tmp_path / "more" / "green").rename(images / "violet")
    job = small_job(images, settings={"epochs": 1, "rate": 1e-12}, head=head, weight_decay=0.0)
    fork = job.model_copy(update={"start": StartSettings(folder=before)})
    run_job(fork, registry, after)
    old, new = (read_weights(run / WEIGHTS_FILE)[f"head.{name}"] for run in (before, after))
    classes = [load_classifier(run, registry.backbones).info.classes for run in (before, after)]
    assert classes == [("blue", "green", "red"), ("a red", "blue", "red", "violet")]
    torch.testing.assert_close(new[[1, 2]], old[[0, 2]], rtol=0, atol=1e-6)
    for row in (0, 3):
        assert not any(torch.allclose(new[row], one, atol=1e-3) for one in old)


def test_patience_waits_for_the_first_average(images, registry, tmp_path):
    """Nothing learns, so that patience is lost in the second of eight epochs."""
    phase = Phase(
        name="x",
        epochs=8,
        rates={HEAD: 1e-12},
        averaging=SWA(start=0.5),
        patience=1,
        augmentation="none",
    )
    epochs = of_kind(run_phases([phase], images, registry, tmp_path / "run"), EpochDone)
    assert len(epochs) == 5


@pytest.mark.parametrize("averaging", [EMA(decay=0.8), SWA(start=0.0)])
def test_the_average_of_the_weights_is_what_is_validated_and_kept(
    averaging, images, registry, tmp_path
):
    """By hand, from the weights that each step (or epoch) of the same run without it reaches."""
    plain = Phase(name="x", epochs=4, rates={HEAD: 0.05}, schedule="constant", augmentation="none")
    training = {"keep_epochs": True, "batch_size": 18}  # a step an epoch
    own, averaged = tmp_path / "own", tmp_path / "averaged"
    run_phases([plain], images, registry, own, **training)
    run_phases([replace(plain, averaging=averaging)], images, registry, averaged, **training)
    name = "head.linear.weight"
    steps = [read_weights(own / "epochs" / f"1-{n}.safetensors")[name] for n in range(1, 5)]
    if isinstance(averaging, SWA):
        expected = torch.stack(steps).mean(0)
    else:
        # before the first step
        still = replace(plain, epochs=1, rates={HEAD: 1e-12})
        run_phases([still], images, registry, tmp_path / "still", weight_decay=0.0, **training)
        expected = read_weights(tmp_path / "still" / "epochs" / "1-1.safetensors")[name]
        for number, value in enumerate(steps, 1):
            decay = min(0.8, (1 + number) / (10 + number))
            expected = decay * expected + (1 - decay) * value
    found = read_weights(averaged / "epochs" / "1-4.safetensors")[name]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(found, steps[-1], atol=1e-3)


CHOICES = [
    {"mixup": 0.5},
    {"cutmix": 1.0},
    {"label_smoothing": 0.3},
    {"class_weights": "inverse"},
    {"sampling": "balanced"},
    {"focal_gamma": 2.0},
    {"logit_adjustment": 1.0},
    {"averaging": "ema"},
    {"averaging": "swa"},
    {"augmentation": "light"},
    {"erasing": 0.5},
    {"dropout": 0.5},
    {"stochastic_depth": 0.9},
    {"weight_decay": 1.0},
    {"optimizer": "sgd"},
]


@pytest.fixture
def skipping(registry):
    """The tiny backbone with a block that can be skipped."""

    class Block(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = torch.nn.Conv2d(16, 16, 3, padding=1)
            self.skip = StochasticDepth(0.0, "row")

        def forward(self, images):
            return images + self.skip(self.convolution(images))

    def build(weights):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            stages = build_tiny(weights)
            stages.top.append(Block())
        return stages

    return replace(registry, backbones={"tiny": replace(TINY, build=build)})


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: next(iter(choice)))
def test_a_choice_reaches_the_steps(choice, images, skipping, tmp_path):
    """With it, the same job comes to other weights in its last epoch."""
    for file in sorted((images / "blue").iterdir())[6:]:
        file.unlink()
    top = Phase(
        name="x",
        epochs=3,
        rates={"stem": 1e-6, "top": 0.01, HEAD: 0.01},
        schedule="constant",
        batch_norm="frozen",
    )
    given = {"augmentation": "none", "keep_epochs": True}
    run_phases([top], images, skipping, tmp_path / "plain", **given)
    run_phases([top], images, skipping, tmp_path / "chosen", **{**given, **choice})
    plain, chosen = (
        read_weights(tmp_path / name / "epochs" / "1-3.safetensors")["head.linear.weight"]
        for name in ("plain", "chosen")
    )
    assert not torch.allclose(plain, chosen, atol=1e-4)


@pytest.mark.parametrize("clip", [None, 0.1])
def test_a_step_in_unequal_pieces_learns_what_the_whole_one_learns(
    clip, images, registry, tmp_path
):
    """With weights for classes, which are not those of a piece, and one penalty for all pieces."""
    for file in sorted((images / "blue").iterdir())[6:]:
        file.unlink()
    phase = Phase(
        name="x",
        epochs=2,
        rates={"top": 0.05, HEAD: 0.05},
        schedule="constant",
        batch_norm="frozen",
        penalty=L2SP(strength=0.5, head_strength=0.5),
    )
    given = {"batch_size": 7, "optimizer": "sgd", "class_weights": "inverse", "precision": "fp32"}
    more = {"augmentation": "none", "keep_epochs": True, "clip_gradients": clip}
    found, losses = [], []
    for pieces in (1, 3):
        run = tmp_path / str(pieces)
        events = run_phases([phase], images, registry, run, accumulate=pieces, **given, **more)
        losses.append([epoch.train_loss for epoch in of_kind(events, EpochDone)])
        found.append(read_weights(run / "epochs" / "1-2.safetensors"))
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, rtol=1e-4, atol=1e-5)


def test_a_phase_may_want_stronger_changes_than_the_others(images, registry, tmp_path):
    head = Phase(name="x", epochs=3, rates={"top": 0.01, HEAD: 0.01}, batch_norm="frozen")
    given = {"augmentation": "light", "keep_epochs": True}
    found = []
    for name, level in (("own", None), ("same", "light"), ("strong", "strong")):
        phases = [replace(head, augmentation=level)]
        run_phases(phases, images, registry, tmp_path / name, **given)
        found.append(read_weights(tmp_path / name / "epochs" / "1-3.safetensors"))
    own, same, strong = (each["head.linear.weight"] for each in found)
    assert torch.equal(own, same)
    assert not torch.allclose(own, strong, atol=1e-4)


def test_stages_learn_in_training_mode_in_every_epoch(images, registry, tmp_path):
    """Validation ends each epoch in evaluation mode: statistics follow the images after it too."""
    phase = Phase(name="x", epochs=3, rates={"stem": 1e-12, HEAD: 1e-12}, batch_norm="learning")
    run_phases([phase], images, registry, tmp_path / "run", keep_epochs=True)
    seen = [
        int(
            read_weights(tmp_path / "run" / "epochs" / f"1-{n}.safetensors")[
                "stages.stem.1.num_batches_tracked"
            ]
        )
        for n in (1, 2, 3)
    ]
    assert seen == [3, 6, 9]  # 18 images, 8 at once


def test_the_mixture_of_the_first_and_the_best_weights_is_kept(registry, tmp_path):
    """Nothing tells these classes apart: every step is too long, and half the way is better."""
    data, run = tmp_path / "images", tmp_path / "run"
    for place in range(40):
        (data / "ab"[place % 2]).mkdir(parents=True, exist_ok=True)
        make_image(place, COLOURS["red"]).save(data / "ab"[place % 2] / f"{place}.png")
    far = Phase(
        name="Far",
        epochs=4,
        rates={HEAD: 1.0},
        schedule="constant",
        augmentation="none",
        averaging=WiSE(parts=(0.5,)),
    )
    still = replace(far, epochs=1, rates={HEAD: 1e-12}, averaging=None)
    given = {"keep_epochs": True, "best_metric": "loss", "weight_decay": 0.0}
    run_phases([still], data, registry, tmp_path / "still", **given)
    events = run_phases([far], data, registry, run, **given)
    epochs = of_kind(events, EpochDone)
    reached = max(epochs, key=lambda epoch: epoch.score)
    assert reached.epoch < 4
    begun, best, kept = (
        read_weights(folder / name)["head.linear.weight"]
        for folder, name in (
            (tmp_path / "still" / "epochs", "1-1.safetensors"),
            (run / "epochs", f"1-{reached.epoch}.safetensors"),
            (run, WEIGHTS_FILE),
        )
    )
    torch.testing.assert_close(kept, (begun + best) / 2, rtol=1e-4, atol=1e-5)
    (mixed,) = of_kind(events, WeightsMixed)
    assert of_kind(events, RunEnded)[0].score == mixed.score > reached.score
    assert (mixed.phase, mixed.part) == (1, 0.5)
    assert mixed.validation_loss < reached.validation_loss


def test_a_single_image_is_no_batch_where_there_are_others():
    """Batch normalization that follows the images needs two."""
    assert [batch_count(images, 8) for images in (1, 8, 9, 10, 17)] == [1, 1, 1, 2, 2]
