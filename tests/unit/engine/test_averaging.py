from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from graftwork.engine.averaging import build_averager, following_norms
from graftwork.engine.freezing import batch_norms, set_learning, set_modes
from graftwork.engine.learning.parameters import prepare_weights
from graftwork.plugin_api import EMA, HEAD, SWA, LowRank, Phase
from support.classifiers import tiny_classifier

PHASE = Phase(name="p", epochs=10, rates={"top": 0.1, HEAD: 0.1}, batch_norm="frozen")
ADAPTING = replace(PHASE, batch_norm="adapting")
NAME = "stages.top.0.weight"


def _begin(phase=PHASE):
    classifier = tiny_classifier()
    prepare_weights(classifier, phase, 0)
    set_learning(classifier, phase)
    set_modes(classifier, phase)
    return classifier


def _step(classifier, number):
    """A step of anything that learns: weights move, and statistics where they follow."""
    generator = torch.Generator().manual_seed(number)
    with torch.no_grad():
        for parameter in classifier.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
        classifier.logits(torch.rand(4, 3, 32, 32, generator=generator) * 255)


def _state(classifier):
    return {name: value.clone() for name, value in classifier.state_dict().items()}


def _follow(classifier, averager, steps, name):
    """The values of one tensor after each step."""
    path = []
    for number in range(steps):
        _step(classifier, number)
        averager.after_step()
        path.append(classifier.state_dict()[name].double().numpy().copy())
    return path


def test_swa_gives_back_all_that_batches_have_changed():
    classifier = _begin(ADAPTING)
    averager = build_averager(SWA(start=0.0), classifier, ADAPTING)
    _step(classifier, 1)
    averager.after_epoch(1, 2)
    before = _state(classifier)
    with averager.applied():
        _step(classifier, 2)
    after = _state(classifier)
    counts = [name for name in before if name.endswith("num_batches_tracked")]
    assert counts
    assert all(torch.equal(before[name], after[name]) for name in counts)


@pytest.mark.parametrize("name", [NAME, "stages.stem.1.running_mean", "stages.top.1.running_var"])
def test_ema_follows_the_recursion_with_a_decay_that_grows(name):
    classifier = _begin(ADAPTING)
    expected = classifier.state_dict()[name].double().numpy().copy()
    averager = build_averager(EMA(decay=0.6), classifier, ADAPTING)
    for number, value in enumerate(_follow(classifier, averager, 12, name), 1):
        decay = min(0.6, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * value
    with averager.applied():
        found = classifier.state_dict()[name].numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_swa_is_the_mean_over_the_ends_of_later_epochs():
    classifier = _begin()
    averager = build_averager(SWA(start=0.5), classifier, PHASE)
    ends = []
    for epoch in range(1, 11):
        ends += _follow(classifier, averager, 2, NAME)[-1:]
        averager.after_epoch(epoch, 10)
    with averager.applied():
        found = classifier.state_dict()[NAME].numpy()
        np.testing.assert_allclose(found, np.mean(ends[5:], axis=0), rtol=1e-5, atol=1e-7)


def test_norms_that_follow_the_images_are_those_of_stages_that_adapt():
    classifier = _begin(ADAPTING)
    norms = [norm for stage in classifier.stages for norm in batch_norms(stage)]
    assert list(following_norms(classifier, ADAPTING)) == norms != []
    assert len(following_norms(classifier, replace(ADAPTING, batch_norm="frozen"))) == 0
    some = replace(ADAPTING, batch_norm="learning", rates={"top": 0.1})
    assert list(following_norms(classifier, some)) == list(batch_norms(classifier.stages.top))


def test_before_its_start_swa_lends_the_weights_themselves():
    classifier = _begin(ADAPTING)
    averager = build_averager(SWA(start=0.5), classifier, ADAPTING)
    _step(classifier, 0)
    averager.after_epoch(5, 10)
    before = _state(classifier)
    with averager.applied():
        assert all(torch.equal(before[k], v) for k, v in classifier.state_dict().items())
    assert averager.stale_statistics == frozenset()


def test_only_where_statistics_follow_the_images_do_those_of_swa_need_measuring():
    for phase, stale in ((PHASE, set()), (ADAPTING, {"stem", "middle", "top"})):
        classifier = _begin(phase)
        averager = build_averager(SWA(start=0.0), classifier, phase)
        averager.after_epoch(1, 10)
        assert averager.stale_statistics == stale
        assert build_averager(EMA(), classifier, phase).stale_statistics == frozenset()


@pytest.mark.parametrize("averaging", [EMA(decay=0.9), SWA(start=0.0)])
def test_afterwards_the_classifier_has_its_own_weights_and_statistics_again(averaging):
    classifier = _begin(ADAPTING)
    averager = build_averager(averaging, classifier, ADAPTING)
    _step(classifier, 0)
    averager.after_step()
    averager.after_epoch(1, 10)
    _step(classifier, 1)
    before = _state(classifier)
    with averager.applied():
        assert not torch.equal(classifier.state_dict()[NAME], before[NAME])
        classifier.stages.stem[1].running_mean.fill_(9.0)
    assert all(torch.equal(before[k], v) for k, v in classifier.state_dict().items())


@pytest.mark.parametrize("averaging", [EMA(decay=0.9), SWA(start=0.0)])
@pytest.mark.parametrize("learning", ["weights", LowRank(rank=2)])
def test_after_a_checkpoint_it_goes_on_to_the_bit(averaging, learning):
    phase = replace(ADAPTING, learning=learning)

    def run(classifier, averager, numbers):
        for number in numbers:
            _step(classifier, number)
            averager.after_step()
            averager.after_epoch(number + 1, 10)

    first = _begin(phase)
    averager = build_averager(averaging, first, phase)
    run(first, averager, range(3))
    weights, kept = _state(first), averager.state()
    run(first, averager, range(3, 6))

    second = _begin(phase)
    resumed = build_averager(averaging, second, phase)
    second.load_state_dict(weights)
    resumed.load(kept)
    run(second, resumed, range(3, 6))
    ours, theirs = averager.state(), resumed.state()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], value) for name, value in theirs.items())


def test_a_state_does_not_change_any_more():
    classifier = _begin()
    averager = build_averager(EMA(), classifier, PHASE)
    kept = averager.state()
    before = kept[NAME].clone()
    _step(classifier, 0)
    averager.after_step()
    assert torch.equal(kept[NAME], before)


def test_only_what_learns_is_followed():
    averager = build_averager(EMA(), _begin(), PHASE)
    names = {name.split(".")[1] for name in averager.state() if name.startswith("stages.")}
    assert names == {"top"}


def test_a_run_that_is_stopped_while_it_validates_gets_its_weights_back():
    classifier = _begin()
    averager = build_averager(EMA(decay=0.9), classifier, PHASE)
    _step(classifier, 0)
    averager.after_step()
    before = _state(classifier)

    def validating():
        with averager.applied():
            yield torch.equal(classifier.state_dict()[NAME], before[NAME])

    generator = validating()
    assert next(generator) is False
    generator.close()
    assert all(torch.equal(before[k], v) for k, v in classifier.state_dict().items())
