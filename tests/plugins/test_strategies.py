"""The built-in strategies' plans, driven by reports as the engine would send them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from graftwork.plugin_api import (
    HEAD,
    DataOutline,
    ModelOutline,
    Phase,
    PhaseReport,
    StageOutline,
)
from graftwork_strategies import register_strategies
from graftwork_strategies.full_fine_tuning import layerwise_rates

MODEL = ModelOutline(
    stages=(
        StageOutline(name="stem", parameters=10),
        StageOutline(name="middle", parameters=20),
        StageOutline(name="top", parameters=30),
        StageOutline(name="pool", parameters=0),
    ),
    features=16,
)
DATA = DataOutline(training_images={"a": 8, "b": 4}, validation_images=4, test_images=4)
STRATEGIES = {strategy.name: strategy for strategy in register_strategies()}
LEARNABLE = {"stem", "middle", "top", HEAD}


def _report(phase: Phase, *, improved: bool) -> PhaseReport:
    return PhaseReport(
        phase=phase, epochs_run=phase.epochs, best_epoch=1, best_score=0.5, best_loss=1.0,
        best_accuracy=0.5, improved=improved,
    )  # fmt: skip


def _phases(name: str, improved: tuple[bool, ...] = (True,) * 9, **settings) -> list[Phase]:
    strategy = STRATEGIES[name]
    plan = strategy.plan(strategy.settings(**settings), MODEL, DATA)
    phases = [next(plan)]
    try:
        for helped in improved:
            phases.append(plan.send(_report(phases[-1], improved=helped)))
    except StopIteration:
        return phases
    pytest.fail("the plan does not end")


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_person_who_changes_nothing_gets_a_plan_that_makes_sense(name):
    phases = _phases(name)
    assert phases
    for phase in phases:
        assert phase.epochs >= 1
        assert set(phase.rates) <= LEARNABLE
        assert HEAD in phase.rates
        assert all(0 < rate <= 0.01 for rate in phase.rates.values())


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_setting_is_described_and_unknown_ones_are_refused(name):
    settings = STRATEGIES[name].settings
    assert all(field.description for field in settings.model_fields.values())
    with pytest.raises(ValidationError):
        settings(no_such_setting=1)


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_summary_says_when_to_choose_it(name):
    assert STRATEGIES[name].summary.startswith("Choose it")


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("bad", [{"epochs": 0}, {"rate": 0}, {"rate": -1}, {"epochs": "many"}])
def test_settings_out_of_range_are_refused(name, bad):
    with pytest.raises(ValidationError):
        STRATEGIES[name].settings(**bad)


def test_feature_extraction_trains_the_head_alone_and_advises_no_augmentation():
    (phase,) = _phases("feature-extraction")
    assert set(phase.rates) == {HEAD}
    assert STRATEGIES["feature-extraction"].augmentation == "none"


@pytest.mark.parametrize(
    ("stages", "learning"),
    [(1, {"top", HEAD}), (2, {"middle", "top", HEAD}), (9, LEARNABLE)],
)
def test_top_stages_counts_stages_that_can_learn(stages, learning):
    head, top = _phases("top-stages", stages=stages)
    assert set(head.rates) == {HEAD}
    assert set(top.rates) == learning


def test_layerwise_rates_follow_the_formula():
    rates = layerwise_rates(("l0", "l1", "l2"), 0.1, 0.5)
    assert rates == pytest.approx({"l0": 0.1 * 0.5**2, "l1": 0.1 * 0.5, "l2": 0.1})


def test_full_fine_tuning_slows_towards_the_bottom():
    (phase,) = _phases("full-fine-tuning", rate=0.001, gamma=0.5)
    assert phase.rates == pytest.approx(
        {HEAD: 0.001, "top": 0.0005, "middle": 0.00025, "stem": 0.000125}
    )


def test_head_then_all_goes_low_after_the_head():
    head, everything = _phases("head-then-all")
    assert set(head.rates) == {HEAD}
    assert set(everything.rates) == LEARNABLE
    assert max(everything.rates.values()) < head.rates[HEAD]


def test_progressive_unfreezing_goes_down_stage_by_stage_while_it_helps():
    learning = [set(phase.rates) for phase in _phases("progressive-unfreezing")]
    assert learning == [{HEAD}, {"top", HEAD}, {"middle", "top", HEAD}, LEARNABLE]


def test_progressive_unfreezing_stops_when_a_stage_brings_nothing():
    improved = (True, True, False, True)
    learning = [set(phase.rates) for phase in _phases("progressive-unfreezing", improved)]
    assert learning == [{HEAD}, {"top", HEAD}, {"middle", "top", HEAD}]


def test_progressive_unfreezing_can_be_told_to_be_patient():
    improved = (True, False, False, True)
    assert len(_phases("progressive-unfreezing", improved, tolerance=2)) == 3
    assert len(_phases("progressive-unfreezing", improved, tolerance=3)) == 4


def test_what_was_unfrozen_before_slows_down():
    phase = _phases("progressive-unfreezing", rate=0.001, decay=0.5)[-1]
    assert phase.rates == pytest.approx(
        {"stem": 0.001, "middle": 0.0005, "top": 0.00025, HEAD: 0.000125}
    )


def test_from_scratch_wants_random_weights_and_learns_batch_statistics():
    (phase,) = _phases("from-scratch")
    assert not STRATEGIES["from-scratch"].pretrained
    assert phase.batch_norm == "learning"
    assert set(phase.rates) == LEARNABLE
