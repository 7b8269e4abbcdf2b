from __future__ import annotations

import pytest
import torch

from graftwork.engine.events import Progress
from graftwork.engine.learning.low_rank import plain_state
from graftwork.engine.learning.wise import choose_mixture
from graftwork.engine.scores import Scores
from graftwork.plugin_api import WiSE
from support.classifiers import tiny_classifier
from support.generators import drain

NAME = "stages.top.0.weight"


def _copy(classifier):
    return {name: value.clone() for name, value in plain_state(classifier).items()}


def _tuned():
    """The first weights, and a classifier that has gone on from them."""
    classifier = tiny_classifier()
    first = _copy(classifier)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))
    classifier.stages.top[1].running_mean.fill_(4.0)
    classifier.stages.top[1].num_batches_tracked.fill_(8)
    return first, classifier


def _best_near(classifier, first, part):
    """A validation whose loss is the distance to the mixture with this part."""
    best = classifier.state_dict()[NAME].clone()
    wanted = first[NAME] + part * (best - first[NAME])

    def validate():
        yield Progress(what="Validating", done=1, total=1)
        loss = float((classifier.state_dict()[NAME] - wanted).square().sum())
        return Scores(loss=loss, brier=loss, accuracy=0.5, balanced_accuracy=0.5, macro_f1=0.5)

    return validate


def _choose(first, classifier, part):
    validate = _best_near(classifier, first, part)
    return drain(choose_mixture(WiSE(parts=(0.0, 0.3, 0.6)), classifier, first, validate, "loss"))


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6])
def test_the_part_that_validates_best_is_chosen_and_stays(part):
    first, classifier = _tuned()
    best = _copy(classifier)
    events, (chosen, reached) = _choose(first, classifier, part)
    assert chosen == part
    assert reached.loss == pytest.approx(0, abs=1e-6)
    assert len(events) == 4
    for name in (NAME, "stages.top.1.running_mean", "stages.stem.1.weight"):
        expected = (1 - part) * first[name] + part * best[name]
        torch.testing.assert_close(classifier.state_dict()[name], expected)
    assert int(classifier.stages.top[1].num_batches_tracked) == 8


def test_where_no_mixture_is_better_the_best_weights_stay_to_the_bit():
    first, classifier = _tuned()
    best = _copy(classifier)
    _, (chosen, _) = _choose(first, classifier, 1.0)
    assert chosen == 1.0
    assert all(torch.equal(best[name], value) for name, value in _copy(classifier).items())


def test_stopped_midway_the_best_weights_are_back():
    first, classifier = _tuned()
    best = _copy(classifier)
    validate = _best_near(classifier, first, 0.3)
    trying = choose_mixture(WiSE(), classifier, first, validate, "loss")
    for _ in range(3):
        next(trying)
    assert not torch.equal(classifier.state_dict()[NAME], best[NAME])
    trying.close()
    assert all(torch.equal(best[name], value) for name, value in _copy(classifier).items())


def test_only_what_is_given_of_the_first_weights_is_mixed():
    first, classifier = _tuned()
    stem = classifier.stages.stem[0].weight.detach().clone()
    only = {name: value for name, value in first.items() if name.startswith("stages.top.")}
    _choose(only, classifier, 0.3)
    assert torch.equal(classifier.stages.stem[0].weight, stem)
