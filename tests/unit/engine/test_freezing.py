from __future__ import annotations

import pytest
import torch
from torch import nn

from graftwork.engine.errors import TrainingError
from graftwork.engine.freezing import (
    changing_stages,
    check_phase,
    frozen_backbone,
    frozen_prefix,
    set_learning,
    set_modes,
)
from graftwork.plugin_api import HEAD, Phase
from support.classifiers import tiny_classifier


def _phase(*stages, **fields):
    return Phase(name="p", epochs=1, rates=dict.fromkeys(stages, 0.1), **fields)


def _learning(classifier):
    return {
        name
        for name, stage in classifier.named_stages().items()
        if any(p.requires_grad for p in stage.parameters())
    }


def _adapting(classifier):
    return {
        name
        for name in ("stem", "middle", "top")
        if classifier.stages.get_submodule(name)[1].training
    }


def test_only_the_named_stages_learn():
    classifier = tiny_classifier()
    set_learning(classifier, _phase("top", HEAD))
    assert _learning(classifier) == {"top", HEAD}
    set_learning(classifier, _phase(HEAD))
    assert _learning(classifier) == {HEAD}


@pytest.mark.parametrize(
    ("batch_norm", "adapting"),
    [("frozen", set()), ("learning", {"top"}), ("adapting", {"stem", "middle", "top"})],
)
def test_batch_norm_follows_the_images_where_the_phase_says_so(batch_norm, adapting):
    classifier = tiny_classifier()
    set_modes(classifier, _phase("top", HEAD, batch_norm=batch_norm))
    assert _adapting(classifier) == adapting


def test_dropout_acts_while_the_head_learns():
    classifier = tiny_classifier(dropout=0.5)
    set_modes(classifier, _phase(HEAD))
    assert classifier.head.dropout.training


@pytest.mark.parametrize(
    ("phase", "frozen"),
    [
        (_phase(HEAD), True),
        (_phase(HEAD, batch_norm="frozen"), True),
        (_phase(HEAD, batch_norm="adapting"), False),
        (_phase("top", HEAD), False),
        (_phase("top"), False),
    ],
)
def test_features_stay_the_same_only_if_nothing_below_the_head_changes(phase, frozen):
    assert frozen_backbone(phase) is frozen


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (_phase("attic", HEAD), "attic"),
        (_phase("pool"), "nothing learn"),
        (_phase(), "nothing learn"),
        (Phase(name="p", epochs=0, rates={HEAD: 0.1}), "one epoch"),
        (Phase(name="p", epochs=1, rates={HEAD: 0.0}), "above 0"),
    ],
)
def test_a_phase_that_makes_no_sense_is_refused(phase, said):
    with pytest.raises(TrainingError, match=said):
        check_phase(phase, tiny_classifier())


@pytest.mark.parametrize(
    ("phase", "prefix"),
    [
        (_phase(HEAD), 4),
        (_phase("top", HEAD), 2),
        (_phase("middle", HEAD), 1),
        (_phase("stem"), 0),
        (_phase("pool", HEAD), 3),
        (_phase("top", HEAD, batch_norm="adapting"), 0),
        (_phase(HEAD, batch_norm="re-estimated"), 4),
    ],
)
def test_leading_stages_that_nothing_changes_are_a_frozen_prefix(phase, prefix):
    assert frozen_prefix(tiny_classifier(), phase) == prefix


def test_stages_without_batch_norm_stay_constant_even_where_batch_norms_adapt():
    classifier = tiny_classifier()
    classifier.stages.stem[1] = nn.Identity()
    assert frozen_prefix(classifier, _phase(HEAD, batch_norm="adapting")) == 1


@pytest.mark.parametrize(
    ("phase", "changing"),
    [
        (_phase("top", HEAD), {"top", HEAD}),
        (_phase(HEAD, batch_norm="adapting"), {"stem", "middle", "top", HEAD}),
        (_phase(HEAD, batch_norm="re-estimated"), {"stem", "middle", "top", HEAD}),
        (_phase(HEAD, reinitialize=("top",)), {"top", HEAD}),
    ],
)
def test_stages_change_by_learning_by_statistics_and_by_a_new_start(phase, changing):
    assert changing_stages(tiny_classifier(), phase) == changing


def test_a_frozen_prefix_gives_the_same_to_the_bit_while_the_rest_learns():
    classifier, phase = tiny_classifier(dropout=0.5), _phase("top", HEAD)
    set_learning(classifier, phase)
    set_modes(classifier, phase)
    pixels = torch.rand(6, 3, 32, 32) * 255
    prefix = classifier.stages[: frozen_prefix(classifier, phase)]
    before = prefix(classifier.normalize(pixels))
    optimizer = torch.optim.SGD([p for p in classifier.parameters() if p.requires_grad], lr=0.5)
    for _ in range(3):
        classifier.logits(pixels).square().sum().backward()
        optimizer.step()
    assert torch.equal(prefix(classifier.normalize(pixels)), before)


def test_dropout_of_frozen_stages_does_not_act():
    classifier = tiny_classifier()
    classifier.stages.top.append(nn.Dropout(0.5))
    set_modes(classifier, _phase(HEAD))
    assert not classifier.stages.top[-1].training
    set_modes(classifier, _phase("top", HEAD))
    assert classifier.stages.top[-1].training
