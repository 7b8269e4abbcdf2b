from __future__ import annotations

import pytest

from graftwork.engine.errors import TrainingError
from graftwork.engine.freezing import check_phase, frozen_backbone, set_learning, set_modes
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
