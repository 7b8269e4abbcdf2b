from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from graftwork.engine.inputs import PixelSamples
from graftwork.engine.kinds.measured_stages import measure_stages
from support.classifiers import tiny_classifier
from support.generators import drain

CPU = torch.device("cpu")


def _samples(images=40):
    pixels = np.random.default_rng(0).integers(0, 255, (images, 32, 32, 3), dtype=np.uint8)
    labels = torch.arange(images) % 3
    return PixelSamples(pixels=pixels, rows=np.arange(images), labels=labels)


def _measure(classifier, places):
    return drain(measure_stages(classifier, _samples(), places, CPU))


def test_it_is_the_norm_of_the_gradient_over_that_of_the_weights():
    places = torch.arange(0, 40, 2)
    _, measures = _measure(tiny_classifier(), places)
    plain, samples = tiny_classifier().eval(), _samples()
    cross_entropy(plain.logits(samples.batch(places)), samples.labels[places]).backward()
    assert measures.keys() == {"stem", "middle", "top"}
    for name, measured in measures.items():
        weights = list(plain.stages.get_submodule(name).parameters())
        flat = torch.cat([p.detach().flatten() for p in weights]).double()
        gradient = torch.cat([p.grad.flatten() for p in weights]).double()
        assert measured == pytest.approx(float(gradient.norm() / flat.norm()), rel=1e-4)


def test_a_stage_that_was_damaged_wants_to_change_most():
    classifier, samples = tiny_classifier(), _samples()
    before = _measure(classifier, torch.arange(40))[1]
    with torch.no_grad():
        for parameter in classifier.stages.middle.parameters():
            parameter.mul_(0.05)
    after = _measure(classifier, torch.arange(40))[1]
    assert len(samples.labels) == 40
    assert after["middle"] > 5 * before["middle"]
    assert max(after, key=after.get) == "middle"


def test_nothing_is_changed_also_if_it_is_stopped():
    classifier = tiny_classifier().train()
    classifier.requires_grad_(False)
    classifier.head.requires_grad_(True)
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    _measure(classifier, torch.arange(40))
    measuring = measure_stages(classifier, _samples(), torch.arange(40), CPU)
    next(measuring)
    measuring.close()
    assert all(torch.equal(before[name], v) for name, v in classifier.state_dict().items())
    assert all(parameter.grad is None for parameter in classifier.parameters())
    learning = {n.split(".")[0] for n, p in classifier.named_parameters() if p.requires_grad}
    assert learning == {"head"}


def test_it_says_how_far_it_is():
    events, _ = _measure(tiny_classifier(), torch.arange(40))
    assert (events[-1].done, events[-1].total) == (40, 40)
