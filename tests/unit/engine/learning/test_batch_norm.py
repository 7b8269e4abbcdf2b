from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from graftwork.engine.freezing import batch_norms
from graftwork.engine.inputs import PixelSamples
from graftwork.engine.learning.batch_norm import re_estimate
from support.classifiers import tiny_classifier
from support.generators import drain

CPU = torch.device("cpu")


def _samples(images=130, spread=60):
    pixels = np.random.default_rng(0).normal(90, spread, (images, 32, 32, 3)).clip(0, 255)
    labels = torch.arange(images) % 3
    return PixelSamples(pixels=pixels.astype(np.uint8), rows=np.arange(images), labels=labels)


def _input_of(classifier, stage, samples):
    """What the normalization of a stage is given, for all images at once (n, channels, H, W)."""
    found = []
    norm = classifier.stages.get_submodule(stage)[1]
    hook = norm.register_forward_pre_hook(lambda _norm, given: found.append(given[0].numpy()))
    with torch.no_grad():
        classifier.eval().logits(samples.batch(torch.arange(len(samples.labels))))
    hook.remove()
    return found[0].astype(np.float64)


def _statistics(classifier):
    return {k: v.clone() for k, v in classifier.named_buffers() if "running" in k}


@pytest.mark.parametrize("stage", ["stem", "middle", "top"])
def test_statistics_are_those_of_all_images_after_the_new_ones_below(stage):
    classifier, samples = tiny_classifier(), _samples()
    drain(re_estimate(classifier, samples, CPU))
    norm = classifier.stages.get_submodule(stage)[1]
    given = _input_of(classifier, stage, samples)
    np.testing.assert_allclose(norm.running_mean, given.mean((0, 2, 3)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(norm.running_var, given.var((0, 2, 3), ddof=1), rtol=1e-4)


def test_afterwards_each_normalization_gives_mean_0_and_deviation_1():
    classifier, samples = tiny_classifier(), _samples()
    before = _input_of(classifier, "top", samples)
    drain(re_estimate(classifier, samples, CPU))
    given = classifier.stages.top[1](
        torch.from_numpy(_input_of(classifier, "top", samples)).float()
    )
    assert abs(before.std() - 1) > 0.01
    torch.testing.assert_close(given.mean((0, 2, 3)), torch.zeros(16), rtol=0, atol=1e-3)
    torch.testing.assert_close(given.std((0, 2, 3)), torch.ones(16), rtol=1e-2, atol=0)


def test_nothing_else_is_changed_and_the_network_is_left_in_evaluation():
    classifier = tiny_classifier().train()
    before = {k: v.clone() for k, v in classifier.named_parameters()}
    momenta = [norm.momentum for norm in batch_norms(classifier)]
    drain(re_estimate(classifier, _samples(), CPU))
    assert all(torch.equal(before[k], v) for k, v in classifier.named_parameters())
    assert [norm.momentum for norm in batch_norms(classifier)] == momenta
    assert not any(module.training for module in classifier.modules())
    assert not any(norm._forward_pre_hooks for norm in batch_norms(classifier))


def test_it_repeats_to_the_bit():
    first, second = tiny_classifier(), tiny_classifier()
    drain(re_estimate(first, _samples(), CPU))
    drain(re_estimate(second, _samples(), CPU))
    again = _statistics(second)
    assert all(torch.equal(again[name], value) for name, value in _statistics(first).items())


def test_only_the_wanted_stages_are_measured():
    classifier = tiny_classifier()
    before = _statistics(classifier)
    drain(re_estimate(classifier, _samples(), CPU, stages={"top"}))
    after = _statistics(classifier)
    changed = {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"top"}


def test_it_reports_its_progress_over_all_stages():
    events, _ = drain(re_estimate(tiny_classifier(), _samples(), CPU))
    assert [e.done for e in events] == sorted(e.done for e in events)
    assert {e.total for e in events} == {390}
    assert events[-1].done > 260


def test_stopped_midway_it_leaves_everything_as_it_was():
    classifier = tiny_classifier()
    before = copy.deepcopy(classifier.state_dict())
    measuring = re_estimate(classifier, _samples(), CPU)
    while next(measuring).done <= 130:
        pass
    assert not torch.equal(
        classifier.stages.stem[1].running_mean, before["stages.stem.1.running_mean"]
    )
    measuring.close()
    assert all(torch.equal(before[name], value) for name, value in classifier.state_dict().items())
    assert not any(module.training for module in classifier.modules())
    assert not any(norm._forward_pre_hooks for norm in batch_norms(classifier))


def test_one_image_more_than_a_batch_is_no_trouble():
    classifier, samples = tiny_classifier(), _samples(images=65)
    drain(re_estimate(classifier, samples, CPU))
    given = _input_of(classifier, "stem", samples)
    mean = classifier.stages.stem[1].running_mean
    np.testing.assert_allclose(mean, given.mean((0, 2, 3)), rtol=1e-4, atol=1e-6)
