from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from graftwork.engine.loss.build import build_loss
from graftwork.engine.training_settings import LossSettings

CPU = torch.device("cpu")
COUNTS = torch.tensor([70, 20, 10, 0])


def _batch(n=6, classes=4):
    random = torch.Generator().manual_seed(1)
    logits = torch.randn(n, classes, generator=random) * 3
    labels = torch.randint(0, 3, (n,), generator=random)
    soft = torch.rand(n, classes, generator=random)
    return logits, labels, soft / soft.sum(1, keepdim=True)


def _loss(logits, targets, counts=COUNTS, **settings):
    return float(build_loss(LossSettings(**settings), counts, CPU)(logits, targets))


def _by_hand(logits, shares, weights, *, smoothing=0.0, gamma=0.0, shift=0.0):
    """Class by class and image by image, in float64, from the words of the docstring."""
    z = logits.double().numpy() + shift
    p, log_p = softmax(z, 1), log_softmax(z, 1)
    losses = []
    for i, row in enumerate(shares.double().numpy()):
        costs = [(1 - p[i, c]) ** gamma * -log_p[i, c] for c in range(len(row))]
        smoothed = [(1 - smoothing) * cost + smoothing * np.mean(costs) for cost in costs]
        losses.append(sum(t * w * s for t, w, s in zip(row, weights, smoothed, strict=True)))
    return float(np.mean(losses))


def test_without_wishes_it_is_cross_entropy():
    logits, labels, soft = _batch()
    assert _loss(logits, labels) == float(functional.cross_entropy(logits, labels))
    assert _loss(logits, soft) == float(functional.cross_entropy(logits, soft))


def test_label_smoothing_is_that_of_torch():
    logits, labels, _ = _batch()
    theirs = float(functional.cross_entropy(logits, labels, label_smoothing=0.1))
    assert _loss(logits, labels, label_smoothing=0.1) == pytest.approx(theirs)


def test_inverse_weights_make_all_classes_weigh_alike():
    """Over all training images the weighted loss is the mean of the classes' mean losses."""
    labels = torch.repeat_interleave(torch.arange(3), COUNTS[:3])
    logits = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
    each = functional.cross_entropy(logits, labels, reduction="none")
    mean_of_means = float(torch.stack([each[labels == c].mean() for c in range(3)]).mean())
    assert _loss(logits, labels, class_weights="inverse") == pytest.approx(mean_of_means, rel=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_of_two_classes_is_torchvisions(gamma):
    """A softmax over (0, x) is the logistic function of x."""
    x = torch.tensor([-3.0, -0.2, 0.4, 2.5])
    labels = torch.tensor([0, 1, 0, 1])
    theirs = sigmoid_focal_loss(x, labels.float(), alpha=-1, gamma=gamma, reduction="mean")
    ours = _loss(
        torch.stack([torch.zeros(4), x], 1), labels, torch.tensor([1, 1]), focal_gamma=gamma
    )
    assert ours == pytest.approx(float(theirs), rel=1e-5)


def test_logit_adjustment_is_softmax_with_the_prior_in_front():
    """-log (prior_y e^z_y / sum of prior_c e^z_c), equation 10 of the paper with tau = 1."""
    logits, labels, _ = _batch()
    prior = np.array([70, 20, 10, 1]) / 101
    grown = prior * np.exp(logits.double().numpy())
    chances = grown[np.arange(len(labels)), labels] / grown.sum(1)
    ours = _loss(logits, labels, logit_adjustment=1.0)
    assert ours == pytest.approx(-np.log(chances).mean(), rel=1e-5)


@pytest.mark.parametrize("targets", ["hard", "soft"])
@pytest.mark.parametrize(
    "settings",
    [
        {"class_weights": kind, "label_smoothing": smoothing, "focal_gamma": gamma}
        for kind, smoothing, gamma in itertools.product(["none", "inverse"], [0.0, 0.2], [0.0, 2.0])
    ]
    + [{"logit_adjustment": 1.5, "label_smoothing": 0.1, "focal_gamma": 1.0}],
)
def test_all_combinations_by_hand(settings, targets):
    logits, labels, soft = _batch()
    inverse = settings.get("class_weights") == "inverse"
    weights = 100 / 3 / np.array([70, 20, 10, 1]) if inverse else np.ones(4)
    expected = _by_hand(
        logits,
        soft if targets == "soft" else functional.one_hot(labels, 4),
        weights,
        smoothing=settings["label_smoothing"],
        gamma=settings["focal_gamma"],
        shift=settings.get("logit_adjustment", 0.0) * np.log(np.array([70, 20, 10, 1]) / 101),
    )
    ours = _loss(logits, soft if targets == "soft" else labels, **settings)
    assert ours == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"class_weights": "effective-number", "label_smoothing": 0.1, "focal_gamma": 0.5},
        {"logit_adjustment": 3.0, "label_smoothing": 0.1, "focal_gamma": 0.5},
    ],
)
def test_sure_answers_and_classes_without_images_give_finite_losses_and_gradients(settings):
    logits = torch.tensor([[200.0, 0, 0, 0], [0, 0, 0, 200.0], [0, 0, 0, 0]], requires_grad=True)
    loss = build_loss(LossSettings(**settings), COUNTS, CPU)(logits, torch.tensor([0, 1, 2]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_gradients_are_those_of_small_differences():
    logits, labels, soft = _batch()
    settings = LossSettings(class_weights="inverse", focal_gamma=1.5, label_smoothing=0.1)
    loss = build_loss(settings, COUNTS, CPU)
    for targets in (labels, soft.double()):
        assert torch.autograd.gradcheck(
            lambda z, t=targets: loss(z, t), logits.double().requires_grad_()
        )


def test_parts_of_a_batch_add_up():
    logits, labels, _ = _batch(8)
    whole = _loss(logits, labels, class_weights="inverse", focal_gamma=2)
    parts = [
        _loss(z, t, class_weights="inverse", focal_gamma=2) * len(t) / 8
        for z, t in zip(logits.split(3), labels.split(3), strict=True)
    ]
    assert sum(parts) == pytest.approx(whole)
