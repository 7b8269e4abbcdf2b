"""The built-in strategies' plans, driven by reports as the engine would send them."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from graftwork.engine.classifier import load_classifier
from graftwork.engine.events import EpochDone, Notice, PhaseEnded, PhaseStarted
from graftwork.plugin_api import (
    HEAD,
    GraftworkError,
    LowRank,
    Phase,
    PrototypeHead,
    SolvedHead,
    WiSE,
)
from graftwork_strategies.full_fine_tuning import layerwise_rates
from support.jobs import of_kind, run_job, small_job
from support.plans import STRATEGIES, phases_of
from support.tiny import build_tiny

LEARNABLE = {"stem", "middle", "top", HEAD}


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_person_who_changes_nothing_gets_a_plan_that_makes_sense(name):
    phases = phases_of(name)
    assert phases
    for phase in (each for each in phases if isinstance(each, Phase)):
        assert phase.epochs >= 1
        assert set(phase.rates) <= LEARNABLE
        assert set(phase.reinitialize) <= set(phase.rates)
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
    (phase,) = phases_of("feature-extraction")
    assert set(phase.rates) == {HEAD}
    assert STRATEGIES["feature-extraction"].augmentation == "none"


@pytest.mark.parametrize(
    ("stages", "learning"),
    [(1, {"top", HEAD}), (2, {"middle", "top", HEAD}), (9, LEARNABLE)],
)
def test_top_stages_counts_stages_that_can_learn(stages, learning):
    head, top = phases_of("top-stages", stages=stages)
    assert set(head.rates) == {HEAD}
    assert set(top.rates) == learning


def test_layerwise_rates_follow_the_formula():
    rates = layerwise_rates(("l0", "l1", "l2"), 0.1, 0.5)
    assert rates == pytest.approx({"l0": 0.1 * 0.5**2, "l1": 0.1 * 0.5, "l2": 0.1})


def test_full_fine_tuning_slows_towards_the_bottom():
    (phase,) = phases_of("full-fine-tuning", rate=0.001, gamma=0.5)
    assert phase.rates == pytest.approx(
        {HEAD: 0.001, "top": 0.0005, "middle": 0.00025, "stem": 0.000125}
    )


def test_head_and_backbone_can_have_rates_of_their_own():
    (phase,) = phases_of("full-fine-tuning", rate=0.01, backbone_rate=0.0004, gamma=0.5)
    assert phase.rates == pytest.approx(
        {HEAD: 0.01, "top": 0.0004, "middle": 0.0002, "stem": 0.0001}
    )


@pytest.mark.parametrize(
    ("text", "learning"),
    [
        ("", {"top", HEAD}),
        ("stem", {"stem", HEAD}),
        (" top,stem , head", {"stem", "top", HEAD}),
    ],
)
def test_named_stages_learn_wherever_they_are(text, learning):
    head, tuned = phases_of("named-stages", stages=text)
    assert set(head.rates) == {HEAD}
    assert set(tuned.rates) == learning


@pytest.mark.parametrize(
    ("text", "said"),
    [("midle", "'midle'.*mean middle"), ("pool", "'pool'.*stem, middle, top"), ("x", "There are")],
)
def test_a_stage_that_is_not_there_is_answered_with_those_that_are(text, said):
    with pytest.raises(GraftworkError, match=said):
        phases_of("named-stages", stages=text)


def test_surgical_fine_tuning_takes_the_stages_that_want_to_change_most():
    head, measured, tuned = phases_of("surgical", images=99)
    assert set(head.rates) == {HEAD}
    assert measured.images == 99
    assert set(tuned.rates) == {"middle", "top", HEAD}
    assert set(phases_of("surgical", stages=1)[-1].rates) == {"middle", HEAD}
    assert set(phases_of("surgical", stages=50)[-1].rates) == LEARNABLE


def test_norms_and_biases_and_low_rank_reach_all_stages_after_the_head():
    for name, learning in (
        ("norms-and-biases", "norms-and-biases"),
        ("low-rank", LowRank(rank=3, alpha=5.0)),
    ):
        settings = {"rank": 3, "alpha": 5.0} if name == "low-rank" else {}
        head, tuned = phases_of(name, **settings)
        assert set(head.rates) == {HEAD}
        assert set(tuned.rates) == LEARNABLE
        assert tuned.learning == learning


def test_new_upper_stages_learn_their_statistics_before_everything_learns():
    new, everything = phases_of("partial-reinitialization", stages=2)
    assert new.reinitialize == ("middle", "top")
    assert set(new.rates) == {"middle", "top", HEAD}
    assert new.batch_norm == "learning"
    assert set(everything.rates) == LEARNABLE
    assert everything.reinitialize == ()
    assert everything.batch_norm == "frozen"


def test_head_then_all_can_mix_before_and_after():
    assert phases_of("head-then-all")[1].averaging is None
    head, everything = phases_of("head-then-all", mix=True)
    assert head.averaging is None
    assert everything.averaging == WiSE()


def test_by_schedule_all_stages_are_freed_whatever_they_bring():
    phases = phases_of("progressive-unfreezing", (False,) * 9, pace="schedule", epochs=4)
    assert [set(phase.rates) for phase in phases][-1] == LEARNABLE
    assert [(phase.epochs, phase.patience) for phase in phases[1:]] == [(4, None)] * 3


def test_head_then_all_goes_low_after_the_head():
    head, everything = phases_of("head-then-all")
    assert set(head.rates) == {HEAD}
    assert set(everything.rates) == LEARNABLE
    assert max(everything.rates.values()) < head.rates[HEAD]


def test_progressive_unfreezing_goes_down_stage_by_stage_while_it_helps():
    learning = [set(phase.rates) for phase in phases_of("progressive-unfreezing")]
    assert learning == [{HEAD}, {"top", HEAD}, {"middle", "top", HEAD}, LEARNABLE]


def test_progressive_unfreezing_stops_when_a_stage_brings_nothing():
    improved = (True, True, False, True)
    learning = [set(phase.rates) for phase in phases_of("progressive-unfreezing", improved)]
    assert learning == [{HEAD}, {"top", HEAD}, {"middle", "top", HEAD}]


def test_progressive_unfreezing_can_be_told_to_be_patient():
    improved = (True, False, False, True)
    assert len(phases_of("progressive-unfreezing", improved, tolerance=2)) == 3
    assert len(phases_of("progressive-unfreezing", improved, tolerance=3)) == 4


def test_what_was_unfrozen_before_slows_down():
    phase = phases_of("progressive-unfreezing", rate=0.001, decay=0.5)[-1]
    assert phase.rates == pytest.approx(
        {"stem": 0.001, "middle": 0.0005, "top": 0.00025, HEAD: 0.000125}
    )


def test_from_scratch_wants_random_weights_and_learns_batch_statistics():
    (phase,) = phases_of("from-scratch")
    assert not STRATEGIES["from-scratch"].pretrained
    assert phase.batch_norm == "learning"
    assert set(phase.rates) == LEARNABLE


def test_logistic_regression_tries_strengths_unless_one_is_given():
    (tried,) = phases_of("logistic-regression")
    assert tried == SolvedHead(name="Head", refit=True)
    (fixed,) = phases_of("logistic-regression", strength=0.2, refit=False)
    assert (fixed.strengths, fixed.refit) == ((0.2,), False)
    assert STRATEGIES["logistic-regression"].head == "linear"


def test_prototypes_learn_on_only_if_asked():
    (alone,) = phases_of("prototypes")
    assert isinstance(alone, PrototypeHead)
    first, then = phases_of("prototypes", epochs=7)
    assert first == alone
    assert (then.rates.keys(), then.epochs, then.augmentation) == ({HEAD}, 7, "none")
    assert STRATEGIES["prototypes"].head == "cosine"


STAGES = ("stem", "middle", "top")
_HEAD = {"head_epochs": 6, "head_rate": 0.05}
LEARNING = {
    "full-fine-tuning": {"epochs": 6, "rate": 0.02, "backbone_rate": 0.01},
    "head-then-all": {**_HEAD, "epochs": 3, "rate": 0.02, "mix": True},
    "low-rank": {**_HEAD, "epochs": 6, "rate": 0.02, "rank": 2},
    "named-stages": {"head_epochs": 6, "epochs": 6, "rate": 0.02, "stages": "middle"},
    "norms-and-biases": {**_HEAD, "epochs": 4, "rate": 0.05},
    "partial-reinitialization": {"new_epochs": 6, "new_rate": 0.02, "epochs": 2, "rate": 0.005},
    "progressive-unfreezing": {**_HEAD, "pace": "schedule", "epochs": 1, "rate": 0.02},
    "surgical": {**_HEAD, "epochs": 3, "rate": 0.02, "stages": 1},
}
CHANGED = {
    "low-rank": {"stem.0.weight", "middle.0.weight", "top.0.weight"},
    "named-stages": {"middle.0.weight", "middle.1.weight", "middle.1.bias"},
    "norms-and-biases": {f"{s}.1.{part}" for s in STAGES for part in ("weight", "bias")},
}


@pytest.mark.parametrize("name", LEARNING)
def test_it_learns_three_colours_and_changes_what_it_says(name, images, registry, tmp_path):
    run = tmp_path / "run"
    events = run_job(small_job(images, name, LEARNING[name]), registry, run)
    epochs = of_kind(events, EpochDone)
    assert max(epoch.validation_accuracy for epoch in epochs) >= 0.8
    assert max(epoch.phase for epoch in epochs if epoch.best) == epochs[-1].phase
    before, after = build_tiny(None).state_dict(), load_classifier(run, registry.backbones).stages
    state = after.state_dict()
    changed = {name for name, value in before.items() if not torch.equal(value, state[name])}
    assert changed == CHANGED.get(name, changed)
    assert changed


def test_surgical_fine_tuning_says_what_it_measured(images, registry, tmp_path):
    events = run_job(small_job(images, "surgical", LEARNING["surgical"]), registry, tmp_path / "r")
    head, measured, tuned = of_kind(events, PhaseEnded)
    assert measured.epochs_run == 0
    assert measured.best_accuracy == pytest.approx(head.best_accuracy)
    started = of_kind(events, PhaseStarted)[2]
    said = next(e.text for e in of_kind(events, Notice) if e.text.startswith("Gradient over"))
    first = said.removeprefix("Gradient over weight, by stage: ").split()[0]
    assert set(started.rates) == {first, HEAD}
    assert tuned.epochs_run == 3


def test_a_stage_that_is_not_there_ends_the_run_in_words(images, registry, tmp_path):
    job = small_job(images, "named-stages", {"stages": "midle"})
    with pytest.raises(GraftworkError, match="mean middle"):
        run_job(job, registry, tmp_path / "run")
