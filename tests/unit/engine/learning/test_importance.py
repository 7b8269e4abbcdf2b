from __future__ import annotations

import numpy as np
import torch

from graftwork.data.augmentation import sample_seed
from graftwork.engine.inputs import PixelSamples
from graftwork.engine.learning.balanced import balanced_places
from graftwork.engine.learning.importance import measure_importance
from support.classifiers import tiny_classifier
from support.generators import drain

CPU = torch.device("cpu")


def _samples(images=12):
    pixels = np.random.default_rng(0).integers(0, 255, (images, 32, 32, 3), dtype=np.uint8)
    labels = torch.arange(images) % 3
    return PixelSamples(pixels=pixels, rows=np.arange(images), labels=labels)


def _measure(classifier, samples, *, images=100, seed=1):
    reference = {k: v.clone() for k, v in classifier.state_dict().items()}
    return drain(measure_importance(classifier, reference, samples, CPU, images=images, seed=seed))[
        1
    ]


def _head_names(classifier):
    weight = next(n for n, p in classifier.head.named_parameters() if p.ndim == 2)
    bias = next(n for n, p in classifier.head.named_parameters() if p.ndim == 1)
    return f"head.{weight}", f"head.{bias}"


def test_for_a_linear_head_it_is_the_known_closed_form():
    """d log p(c) / d W = (1[c] - p) x^T, for the class c that is drawn from p."""
    classifier, samples = tiny_classifier().eval(), _samples()
    found = _measure(classifier, samples)
    with torch.no_grad():
        pixels = classifier.normalize(samples.batch(torch.arange(12)))
        features = classifier.stages(pixels).double().numpy()
        chances = classifier.head(classifier.stages(pixels)).softmax(1).double()
    drawn = [
        int(torch.multinomial(row, 1, generator=torch.Generator().manual_seed(sample_seed(1, k))))
        for k, row in enumerate(chances, 1)
    ]
    residual = np.eye(3)[drawn] - chances.numpy()
    weight, bias = _head_names(classifier)
    outer = residual[:, :, None] * features[:, None, :]
    np.testing.assert_allclose(found[weight], (outer**2).mean(0), rtol=1e-3)
    np.testing.assert_allclose(found[bias], (residual**2).mean(0), rtol=1e-3)


def test_classes_that_were_not_known_count_for_nothing():
    """The row of a new class is random: what it says is not what was learned."""
    classifier, samples = tiny_classifier().eval(), _samples()
    known = PixelSamples(pixels=samples.pixels, rows=samples.rows, labels=torch.arange(12) % 2)
    weight, bias = _head_names(classifier)
    found = _measure(classifier, known)
    assert found[weight][2].eq(0).all()
    classifier.head.get_parameter(bias.partition(".")[2]).data[2] = 50.0
    assert all(torch.equal(value, found[n]) for n, value in _measure(classifier, known).items())


def test_over_many_draws_it_is_the_true_information():
    """E[(1[c] - p_c)^2] = p_c (1 - p_c)."""
    classifier, samples = tiny_classifier().eval(), _samples(images=3)
    bias = _head_names(classifier)[1]
    draws = [_measure(classifier, samples, seed=seed)[bias] for seed in range(60)]
    with torch.no_grad():
        chances = classifier.logits(samples.batch(torch.arange(3))).softmax(1)
    expected = (chances * (1 - chances)).mean(0)
    torch.testing.assert_close(torch.stack(draws).mean(0), expected, rtol=0.15, atol=0)


def test_all_weights_have_one_and_none_is_negative():
    classifier = tiny_classifier()
    found = _measure(classifier, _samples())
    shapes = {name: p.shape for name, p in classifier.named_parameters()}
    assert {name: value.shape for name, value in found.items()} == shapes
    assert all((value >= 0).all() for value in found.values())
    assert all(value.sum() > 0 for value in found.values())


def test_it_is_measured_at_the_reference_and_the_classifier_is_not_touched():
    classifier, samples = tiny_classifier(), _samples()
    classifier.requires_grad_(False)
    reference = {k: v.clone() for k, v in classifier.state_dict().items()}
    expected = _measure(classifier, samples)
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.mul_(2)
    moved = [p.clone() for p in classifier.parameters()]
    _, found = drain(measure_importance(classifier, reference, samples, CPU, images=100, seed=1))
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert all(torch.equal(a, b) for a, b in zip(classifier.parameters(), moved, strict=True))
    assert not any(p.requires_grad or p.grad is not None for p in classifier.parameters())
    assert all(not value.requires_grad for value in found.values())


def test_a_classifier_that_is_in_training_mode_is_measured_as_it_answers():
    """Neither dropout nor a batch of one image, whose statistics would be its own."""
    learning, answering = tiny_classifier(dropout=0.5).train(), tiny_classifier(dropout=0.5).eval()
    found, expected = (_measure(each, _samples()) for each in (learning, answering))
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert learning.training


def test_only_so_many_images_count_of_each_class():
    classifier, samples = tiny_classifier(), _samples()
    places = balanced_places(samples.labels, 6, 1)
    fewer = PixelSamples(
        pixels=samples.pixels, rows=samples.rows[places.numpy()], labels=samples.labels[places]
    )
    assert torch.bincount(fewer.labels).tolist() == [2, 2, 2]
    some, same = _measure(classifier, samples, images=6), _measure(classifier, fewer)
    assert all(torch.equal(some[name], value) for name, value in same.items())


def test_it_says_how_far_it_is():
    classifier = tiny_classifier()
    events, _ = drain(
        measure_importance(classifier, classifier.state_dict(), _samples(), CPU, images=9, seed=0)
    )
    assert (events[-1].done, events[-1].total) == (9, 9)
