from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from graftwork.engine.loss.build import build_loss
from graftwork.engine.speed.accumulation import learn_in_parts
from graftwork.engine.training_settings import LossSettings
from support.classifiers import tiny_classifier

_PIXELS = torch.rand(7, 3, 32, 32, generator=torch.Generator().manual_seed(0)).mul(255).double()
_LABELS = torch.tensor([0, 1, 2, 0, 0, 1, 2])


def _gradients(settings, targets, parts):
    classifier = tiny_classifier().double().eval()
    loss = build_loss(settings, torch.tensor([3, 2, 2]), torch.device("cpu"))
    sizes = []

    def of_some(pixels, some):
        logits = classifier.logits(pixels)
        sizes.append(len(pixels))
        return loss(logits, some), logits

    total, logits = learn_in_parts(
        _PIXELS, targets, parts, loss=of_some, backward=torch.Tensor.backward
    )
    gradients = {name: p.grad for name, p in classifier.named_parameters()}
    return total, logits, gradients, sizes


@pytest.mark.parametrize("parts", [2, 3, 7, 20])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(
    "settings",
    [LossSettings(), LossSettings(label_smoothing=0.1, class_weights="inverse", focal_gamma=2)],
)
def test_uneven_parts_give_the_gradient_of_the_whole(settings, soft, parts):
    targets = functional.one_hot(_LABELS, 3).double() * 0.8 + 0.1 if soft else _LABELS
    total, logits, gradients, _ = _gradients(settings, targets, 1)
    found = _gradients(settings, targets, parts)
    assert found[0] == pytest.approx(total)
    torch.testing.assert_close(found[1], logits)
    torch.testing.assert_close(found[2], gradients)


def test_parts_are_as_even_as_can_be_and_never_empty():
    assert _gradients(LossSettings(), _LABELS, 3)[3] == [3, 2, 2]
    assert _gradients(LossSettings(), _LABELS, 20)[3] == [1] * 7
