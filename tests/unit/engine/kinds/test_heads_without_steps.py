"""Phases that compute the head from features: solved, and set from prototypes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import BaseModel
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

from graftwork.data.decoding import decode
from graftwork.data.resize import resize
from graftwork.engine import events as ev
from graftwork.engine.classifier import load_classifier
from graftwork.engine.classifier_info import WEIGHTS_FILE
from graftwork.engine.errors import TrainingError
from graftwork.engine.split_file import SPLIT_FILE
from graftwork.plugin_api import HEAD, Phase, PrototypeHead, SolvedHead, Strategy
from support.images import COLOURS, make_image
from support.jobs import of_kind, run_job, small_job


class NoSettings(BaseModel):
    pass


def _run(images, registry, folder, *phases, **training):
    """The events of a run of these phases, and the reports that the strategy was sent."""
    reports = []

    def plan(settings, backbone, data):
        reports.clear()  # the engine may go through the plan again
        for phase in phases:
            reports.append((yield phase))

    strategy = Strategy(
        name="trial", title="", summary="", settings=NoSettings, plan=plan, augmentation="none"
    )
    more = replace(registry, strategies={"trial": strategy})
    return run_job(small_job(images, "trial", **training), more, folder), reports


def _features(images, registry, folder, part):
    """The features that the kept classifier gives of a part, and the labels, in NumPy."""
    classifier = load_classifier(folder, registry.backbones)
    paths = json.loads((folder / SPLIT_FILE).read_text("utf-8"))[part]
    found = []
    with torch.no_grad():
        for path in paths:
            image = torch.from_numpy(decode(images / path, 3))[None]
            pixels = resize(image, classifier.info.input).round()
            found.append(classifier.stages(classifier.normalize(pixels)))
    labels = [classifier.info.classes.index(path.split("/")[0]) for path in paths]
    return classifier, torch.cat(found).numpy().astype(np.float64), np.array(labels)


def test_the_solved_head_is_scikit_learns(images, registry, tmp_path):
    run = tmp_path / "run"
    _run(images, registry, run, SolvedHead(name="Head", strengths=(0.1,)))
    classifier, features, labels = _features(images, registry, run, "train")
    deviation = features.std(0)
    scale = np.sqrt(deviation * np.sqrt((deviation**2).mean()))
    scaled = (features - features.mean(0)) / scale
    reference = LogisticRegression(C=1 / (len(labels) * 0.1), tol=1e-8, max_iter=2000)
    reference.fit(scaled, labels)
    found = classifier.head.linear.weight.detach().numpy() * scale
    np.testing.assert_allclose(found, reference.coef_, atol=5e-3)
    with torch.no_grad():
        chances = classifier.head(torch.from_numpy(features).float()).softmax(1)
    np.testing.assert_allclose(chances, reference.predict_proba(scaled), atol=5e-3)


@pytest.mark.parametrize("weights", ["none", "inverse"])
def test_a_refitted_head_learns_from_the_validation_images_too(weights, images, registry, tmp_path):
    """As if they had been training images, with the strength that was best without them."""
    for file in sorted((images / "blue").iterdir())[5:]:
        file.unlink()
    run = tmp_path / "run"
    phase = SolvedHead(name="Head", strengths=(3.0, 0.1), refit=True)
    events, (report,) = _run(images, registry, run, phase, class_weights=weights)
    strength = phase.strengths[report.best_epoch - 1]
    classifier, *train = _features(images, registry, run, "train")
    _, *validation = _features(images, registry, run, "validation")
    features, labels = (np.concatenate(pair) for pair in zip(train, validation, strict=True))
    assert len(set(np.bincount(labels) / np.bincount(train[1]))) > 1
    deviation = features.std(0)
    scale = np.sqrt(deviation * np.sqrt((deviation**2).mean()))
    scaled = (features - features.mean(0)) / scale
    reference = LogisticRegression(
        C=1 / (len(labels) * strength),
        class_weight=None if weights == "none" else "balanced",
        tol=1e-8,
        max_iter=2000,
    )
    reference.fit(scaled, labels)
    found = classifier.head.linear.weight.detach().numpy() * scale
    np.testing.assert_allclose(found, reference.coef_, atol=5e-3)
    assert len(of_kind(events, ev.EpochDone)) == 2
    assert any("once more" in notice.text for notice in of_kind(events, ev.Notice))


def test_a_head_that_is_not_kept_is_not_refitted(images, registry, tmp_path):
    first, second = (
        SolvedHead(name="Good", strengths=(0.1,)),
        SolvedHead(name="Held back", strengths=(1000.0,), refit=True),
    )
    events, (_, report) = _run(images, registry, tmp_path / "run", first, second)
    assert not report.improved
    assert not any("once more" in notice.text for notice in of_kind(events, ev.Notice))


def test_strengths_are_tried_from_strong_to_weak_and_the_best_is_kept(images, registry, tmp_path):
    strengths = (0.01, 10.0, 0.3, 0.01)
    phase = SolvedHead(name="Head", strengths=strengths)
    events, (report,) = _run(images, registry, tmp_path / "run", phase)
    (started,), (ended,) = of_kind(events, ev.PhaseStarted), of_kind(events, ev.PhaseEnded)
    epochs = of_kind(events, ev.EpochDone)
    assert (started.name, started.epochs, ended.reason) == ("Head", 3, "all strengths done")
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]
    losses = [epoch.train_loss for epoch in epochs]
    assert losses == sorted(losses, reverse=True)
    best = max(epochs, key=lambda epoch: epoch.score)
    said = [notice.text for notice in of_kind(events, ev.Notice)]
    assert any(text.startswith("The weakest penalty that was tried, 0.01,") for text in said)
    assert (report.best_epoch, report.best_loss) == (best.epoch, best.validation_loss)
    assert (report.improved, report.epochs_run, ended.best_epoch) == (True, 3, best.epoch)
    assert [epoch.best for epoch in epochs] == [
        epoch.validation_loss < min([9.0, *(e.validation_loss for e in epochs[:place])])
        for place, epoch in enumerate(epochs)
    ]
    _, features, labels = _features(images, registry, tmp_path / "run", "validation")
    classifier = load_classifier(tmp_path / "run", registry.backbones)
    logits = classifier.head(torch.from_numpy(features).float()).detach()
    loss = functional.cross_entropy(logits, torch.from_numpy(labels))
    assert float(loss) == pytest.approx(best.validation_loss, rel=1e-3)


def test_it_ends_after_two_strengths_without_gain(registry, tmp_path):
    """Nothing tells these classes apart, so that the strongest penalty is best."""
    for place in range(40):
        folder = tmp_path / "images" / "ab"[place % 2]
        folder.mkdir(parents=True, exist_ok=True)
        make_image(place, COLOURS["red"]).save(folder / f"{place}.png")
    phase = SolvedHead(name="Head", strengths=(10.0, 0.1, 0.01, 0.001), refit=True)
    events, (report,) = _run(tmp_path / "images", registry, tmp_path / "run", phase)
    assert (report.best_epoch, report.epochs_run) == (1, 3)
    assert of_kind(events, ev.PhaseEnded)[0].reason == "no gain on validation for 2 strengths"
    said = [notice.text for notice in of_kind(events, ev.Notice)]
    assert any(text.startswith("The strongest penalty that was tried, 10,") for text in said)
    solved = [text.split()[4] for text in said if text.startswith("Head solved with strength")]
    assert solved == ["10", "0.1", "0.01", "10"]  # the last on validation images too


def test_one_strength_alone_is_at_no_end(images, registry, tmp_path):
    events, _ = _run(images, registry, tmp_path / "run", SolvedHead(name="Head", strengths=(0.1,)))
    assert not any("was tried" in notice.text for notice in of_kind(events, ev.Notice))


@pytest.mark.parametrize(
    ("phase", "head", "message"),
    [
        (SolvedHead(name="Head"), "mlp", r"solves a linear head.*'mlp'.*head=linear"),
        (SolvedHead(name="Head"), "cosine", "solves a linear head"),
        (PrototypeHead(name="Means"), "linear", r"a cosine head.*'linear'.*head=cosine"),
        (SolvedHead(name="Head", strengths=()), "linear", "strengths must be numbers above 0"),
        (
            SolvedHead(name="Head", strengths=(0.1, 0.0)),
            "linear",
            "strengths must be numbers above 0",
        ),
    ],
)
def test_what_cannot_be_done_is_said(phase, head, message, images, registry, tmp_path):
    with pytest.raises(TrainingError, match=message):
        _run(images, registry, tmp_path / "run", phase, head=head)


def test_prototypes_are_mean_directions(images, registry, tmp_path):
    run = tmp_path / "run"
    events, _ = _run(images, registry, run, PrototypeHead(name="Means"), head="cosine")
    classifier, features, labels = _features(images, registry, run, "train")
    directions = features / np.linalg.norm(features, axis=1)[:, None]
    means = np.stack([directions[labels == number].mean(0) for number in range(3)])
    expected = means / np.linalg.norm(means, axis=1)[:, None]
    np.testing.assert_allclose(classifier.head.directions.detach(), expected, atol=1e-4)
    assert len({epoch.validation_accuracy for epoch in of_kind(events, ev.EpochDone)}) == 1


def test_the_scale_is_the_best_one_on_validation(images, registry, tmp_path):
    run = tmp_path / "run"
    phase, training = PrototypeHead(name="Means"), {"head": "cosine", "best_metric": "loss"}
    _, (report,) = _run(images, registry, run, phase, **training)
    classifier, features, labels = _features(images, registry, run, "validation")
    scales = 2.0 ** (np.arange(17) / 2)
    with torch.no_grad():
        cosines = (
            classifier.head(torch.from_numpy(features).float()) / classifier.head.log_scale.exp()
        )
    y = torch.from_numpy(labels)
    losses = [float(functional.cross_entropy(cosines * scale, y)) for scale in scales]
    assert classifier.head.log_scale.exp().item() == pytest.approx(scales[np.argmin(losses)])
    assert report.best_epoch == np.argmin(losses) + 1
    assert report.epochs_run in (report.best_epoch + 1, len(scales))
    assert report.best_loss == pytest.approx(min(losses), rel=1e-3)


@pytest.mark.parametrize(
    ("strategy", "settings"), [("logistic-regression", {}), ("prototypes", {"epochs": 3})]
)
def test_the_strategies_learn_three_colours_and_repeat_to_the_bit(
    strategy, settings, images, registry, tmp_path
):
    job = small_job(images, strategy, settings)
    for name in ("one", "two"):
        events = run_job(job, registry, tmp_path / name)
        assert max(e.validation_accuracy for e in of_kind(events, ev.EpochDone)) >= 0.8
    one, two = (load_file(tmp_path / name / WEIGHTS_FILE) for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_solved_head_can_be_where_training_begins(images, registry, tmp_path):
    """The next phase starts from it, and a later one that is no better is told so."""
    tuned = Phase(name="All", epochs=1, rates={"top": 1e-6, HEAD: 1e-6}, batch_norm="frozen")
    weak = SolvedHead(name="Again", strengths=(1000.0,))
    _, (solved, _, again) = _run(
        images, registry, tmp_path / "run", SolvedHead(name="Head"), tuned, weak
    )
    assert solved.improved
    assert not again.improved
    assert again.best_loss > solved.best_loss


def test_rare_classes_weigh_more_if_the_user_says_so(images, registry, tmp_path):
    """Balanced sampling has no meaning without steps: it becomes the weights that it comes to."""
    for file in sorted((images / "blue").iterdir())[4:]:
        file.unlink()
    found = {}
    for name, choice in {
        "plain": {},
        "weighted": {"class_weights": "inverse"},
        "balanced": {"sampling": "balanced"},
    }.items():
        phase = SolvedHead(name="Head", strengths=(10.0,))
        _run(images, registry, tmp_path / name, phase, **choice)
        head = load_classifier(tmp_path / name, registry.backbones).head
        found[name] = head.linear.bias.detach()
    assert torch.equal(found["weighted"], found["balanced"])
    assert not torch.allclose(found["plain"], found["weighted"], atol=0.1)


HEADS = {
    "linear": SolvedHead(name="x", strengths=(0.1,)),
    "cosine": PrototypeHead(name="x"),
}


def _said_to_do_nothing(images, registry, folder, head, **training):
    events, _ = _run(images, registry, folder, HEADS[head], head=head, **training)
    said = [notice.text for notice in of_kind(events, ev.Notice) if "do nothing" in notice.text]
    return [text.partition("do nothing in this phase: ")[2] for text in said]


@pytest.mark.parametrize("head", HEADS)
def test_choices_that_need_training_steps_are_said_to_do_nothing(head, images, registry, tmp_path):
    given = {"mixup": 0.2, "averaging": "ema", "augmentation": "none", "penalty": "none"}
    steps = {"optimizer": "sgd", "momentum": 0.5, "accumulate": 2, "clip_gradients": 1.0}
    said = _said_to_do_nothing(images, registry, tmp_path / "run", head, **given, **steps)
    assert said == ["mixup, accumulate, optimizer, momentum, clip_gradients, averaging."]
    assert _said_to_do_nothing(images, registry, tmp_path / "plain", head) == []


LOSS = {"label_smoothing": 0.1, "class_weights": "inverse", "focal_gamma": 2.0}
OTHER_LOSSES = [{"sampling": "balanced"}, {"logit_adjustment": 1.0}]


@pytest.mark.parametrize("training", [LOSS, *OTHER_LOSSES], ids=lambda given: next(iter(given)))
def test_prototypes_have_no_loss_and_a_solved_head_has_all_of_it(
    training, images, registry, tmp_path
):
    said = _said_to_do_nothing(images, registry, tmp_path / "cosine", "cosine", **training)
    assert said == [f"{', '.join(training)}."]
    assert _said_to_do_nothing(images, registry, tmp_path / "linear", "linear", **training) == []
    plain, heard = (tmp_path / name for name in ("plain", "heard"))
    for name in sorted((images / "blue").iterdir())[5:]:
        name.unlink()
    for folder, given in ((plain, {}), (heard, training)):
        _run(images, registry, folder, HEADS["linear"], **given)
    biases = [load_file(folder / WEIGHTS_FILE)["head.linear.bias"] for folder in (plain, heard)]
    assert not torch.equal(*biases)
