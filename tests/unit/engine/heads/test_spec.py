"""Which head a run gets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graftwork.engine.errors import TrainingError
from graftwork.engine.heads.spec import HeadSpec, head_spec
from graftwork.engine.training_settings import TrainingSettings

KINDS = ["linear", "mlp", "cosine", "hierarchical"]


@pytest.fixture
def plain(registry):
    return registry.strategy("feature-extraction")


def test_nobody_who_chooses_gets_a_linear_head(plain):
    assert head_spec(TrainingSettings(), plain) == HeadSpec(kind="linear")


@pytest.mark.parametrize("kind", KINDS)
def test_the_user_chooses_where_the_strategy_does_not_mind(plain, kind):
    settings = TrainingSettings(head=kind, hidden_units=7, dropout=0.2)
    assert head_spec(settings, plain) == HeadSpec(kind=kind, hidden_units=7, dropout=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_strategy_gets_the_head_that_it_needs(plain, kind):
    for chosen in ("auto", kind):
        spec = head_spec(TrainingSettings(head=chosen), replace(plain, head=kind))
        assert spec.kind == kind


def test_another_choice_than_the_strategys_is_refused(plain):
    with pytest.raises(TrainingError, match=r"needs the head 'cosine'.*asks for 'mlp'"):
        head_spec(TrainingSettings(head="mlp"), replace(plain, head="cosine"))
