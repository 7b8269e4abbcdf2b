from __future__ import annotations

import numpy as np
import pytest
import torch

from graftwork.engine.errors import TrainingError
from graftwork.engine.freezing import set_learning
from graftwork.engine.learning.low_rank import plain_state
from graftwork.engine.learning.parameters import prepare_weights
from graftwork.engine.penalties import build_penalty
from graftwork.plugin_api import EWC, HEAD, L2SP, LowRank, Phase
from support.classifiers import tiny_classifier

PHASE = Phase(name="p", epochs=1, rates={"middle": 0.1, "top": 0.1, HEAD: 0.1})
LEARNING = ("stages.middle.", "stages.top.")


def _moved(phase=PHASE, head="linear"):
    """A classifier that learns as the phase says and has moved, and what it began with."""
    classifier = tiny_classifier(head=head)
    reference = {name: value.clone() for name, value in plain_state(classifier).items()}
    prepare_weights(classifier, phase, 0)
    set_learning(classifier, phase)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return classifier, reference


def _numbers(classifier):
    return {k: v.detach().numpy().astype(np.float64) for k, v in plain_state(classifier).items()}


def _squares(classifier, reference, importance=None):
    """By hand: the weighted squared distance over the parameters of the learning stages."""
    names = [n for n, _ in tiny_classifier().named_parameters() if n.startswith(LEARNING)]
    weights = {n: importance[n].numpy() if importance else 1.0 for n in names}
    now = _numbers(classifier)
    return sum(float((weights[n] * (now[n] - reference[n].numpy()) ** 2).sum()) for n in names)


def test_without_a_penalty_nothing_is_added():
    assert build_penalty(None, tiny_classifier(), {}) is None


def test_l2_sp_is_half_the_squared_distance_and_half_the_squared_size_of_the_head():
    classifier, reference = _moved()
    penalty = build_penalty(L2SP(strength=0.3, head_strength=0.2), classifier, reference)
    matrices = [v for n, v in _numbers(classifier).items() if n.startswith("head.") and v.ndim > 1]
    head = sum((matrix**2).sum() for matrix in matrices)
    expected = 0.15 * _squares(classifier, reference) + 0.1 * float(head)
    assert penalty().item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("penalty", [L2SP(), EWC()])
def test_a_phase_in_which_nothing_is_pulled_can_learn(penalty):
    """The directions of a cosine head are left alone."""
    classifier, reference = _moved(Phase(name="p", epochs=1, rates={HEAD: 0.1}), head="cosine")
    value = build_penalty(penalty, classifier, reference, importance={})()
    assert value.item() == 0.0
    value.backward()


def test_l2_sp_pulls_straight_back():
    classifier, reference = _moved()
    build_penalty(L2SP(strength=0.3), classifier, reference)().backward()
    weight = classifier.stages.top[0].weight
    torch.testing.assert_close(
        weight.grad, 0.3 * (weight.detach() - reference["stages.top.0.weight"])
    )
    assert classifier.stages.stem[0].weight.grad is None


def test_l2_sp_pulls_stages_that_are_new_to_zero_as_the_head():
    classifier, reference = _moved()
    l2_sp = L2SP(strength=0.3, head_strength=0.2)
    build_penalty(l2_sp, classifier, reference, new={"top"})().backward()
    convolution, norm = classifier.stages.top[:2]
    torch.testing.assert_close(convolution.weight.grad, 0.2 * convolution.weight.detach())
    assert norm.weight.grad is None
    assert norm.bias.grad is None
    kept = classifier.stages.middle[0].weight
    away = kept.detach() - reference["stages.middle.0.weight"]
    torch.testing.assert_close(kept.grad, 0.3 * away)


def test_l2_sp_leaves_alone_what_does_not_decay_in_a_head():
    """As weight decay does: nothing is gained by shorter directions."""
    classifier, reference = _moved(head="cosine")
    penalty = build_penalty(L2SP(strength=0.0, head_strength=1.0), classifier, reference)
    assert penalty().item() == 0


def test_l2_sp_sees_what_low_rank_learning_adds():
    classifier, reference = _moved(Phase(**{**vars(PHASE), "learning": LowRank(rank=2)}))
    penalty = build_penalty(L2SP(strength=1.0, head_strength=0.0), classifier, reference)
    now = _numbers(classifier)
    names = ("stages.middle.0.weight", "stages.top.0.weight")
    expected = sum(0.5 * float(((now[n] - reference[n].numpy()) ** 2).sum()) for n in names)
    assert penalty().item() == pytest.approx(expected, rel=1e-5)
    penalty().backward()
    assert classifier.stages.top[0].parametrizations.weight[0].up.grad.abs().sum() > 0


def test_weights_that_have_no_fitting_reference_are_left_alone():
    classifier, reference = _moved()
    whole = _squares(classifier, reference)
    del reference["stages.top.0.weight"]
    reference["stages.top.1.weight"] = torch.zeros(3)
    part = build_penalty(L2SP(strength=2.0, head_strength=0.0), classifier, reference)().item()
    assert 0 < part < whole


def test_ewc_weighs_each_squared_distance_by_its_importance():
    classifier, reference = _moved()
    generator = torch.Generator().manual_seed(6)
    importance = {
        name: torch.rand(p.shape, generator=generator)
        for name, p in tiny_classifier().named_parameters()
        if not name.startswith("head.")
    }
    penalty = build_penalty(EWC(strength=4.0), classifier, reference, importance)
    expected = 2.0 * _squares(classifier, reference, importance)
    assert penalty().item() == pytest.approx(expected, rel=1e-5)


def test_ewc_pulls_the_head_back_too_where_it_is_the_same():
    classifier, reference = _moved()
    names = [name for name in reference if name.startswith("head.") and reference[name].ndim == 1]
    importance = {name: torch.ones_like(reference[name]) for name in names}
    penalty = build_penalty(EWC(strength=2.0), classifier, reference, importance)
    now = _numbers(classifier)
    expected = sum(float(((now[n] - reference[n].numpy()) ** 2).sum()) for n in names)
    assert penalty().item() == pytest.approx(expected, rel=1e-5)


def test_ewc_without_an_earlier_run_is_refused_in_words():
    classifier, reference = _moved()
    with pytest.raises(TrainingError, match="keep_sample"):
        build_penalty(EWC(), classifier, reference)
