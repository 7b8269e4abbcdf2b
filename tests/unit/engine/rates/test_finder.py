from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import islice

import pytest
from pydantic import BaseModel

from graftwork.engine.errors import TrainingError
from graftwork.engine.events import EpochDone
from graftwork.engine.rates.curve import RatePoint
from graftwork.engine.rates.finder import find_rate
from graftwork.plugin_api import HEAD, Phase, SolvedHead, Strategy
from support.generators import drain
from support.jobs import of_kind, run_job, small_job


class _Nothing(BaseModel):
    """No settings."""


def _find(job, registry, phase=None):
    events, found = drain(find_rate(job, registry=registry, weights=None, phase=phase))
    return of_kind(events, RatePoint), found


def _first_losses(job, registry, number):
    stream = find_rate(job, registry=registry, weights=None)
    points = (event for event in stream if isinstance(event, RatePoint))
    losses = [point.loss for point in islice(points, number)]
    stream.close()
    return losses


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where temporary folders go."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def with_plan(registry):
    """A registry in which the strategy ``planned`` has this plan."""

    def add(plan):
        strategy = Strategy(
            name="planned", title="Planned", summary="For tests", settings=_Nothing, plan=plan
        )
        return replace(registry, strategies={"planned": strategy})

    return add


def test_a_rate_is_found_with_which_training_learns(images, registry, scratch):
    points, found = _find(small_job(images, augmentation="none"), registry)
    assert found.phase
    assert found.rates.keys() == {HEAD}
    assert points == list(found.curve.points)
    assert 1e-5 < found.curve.suggested < 1
    assert list(found.settings) == ["rate"]
    assert found.settings["rate"] == pytest.approx(found.curve.suggested, rel=0.06)
    assert list(scratch.glob("graftwork-*")) == []


def test_the_same_job_gives_the_same_curve_to_the_last_bit(images, registry):
    job = small_job(images, "full-fine-tuning", dropout=0.3, mixup=0.2)
    first, second = (_find(job, registry)[0] for _ in range(2))
    assert first == second


def test_stages_keep_their_proportions(images, registry):
    _, found = _find(small_job(images, "full-fine-tuning", {"gamma": 0.5}), registry)
    assert found.highest == found.rates[HEAD]
    assert found.rates["stem"] < found.rates["top"] < found.rates[HEAD]
    assert list(found.settings) == ["rate"]


def test_the_curve_is_that_of_the_fastest_stage_and_a_slow_one_stays_as_slow(images, with_plan):
    """A stage with next to none of the head's rate learns as little as one that does not learn."""
    found = []
    for rates in ({"top": 1e-14, HEAD: 0.01}, {HEAD: 0.01}):

        def plan(settings, backbone, data, rates=rates):
            yield Phase(name="x", epochs=1, rates=rates, batch_norm="frozen")

        job = small_job(images, "planned", augmentation="none", precision="fp32")
        found.append(_first_losses(job, with_plan(plan), 50))
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_its_steps_are_those_of_the_training(images, with_plan, tmp_path):
    """At next to no rate, where an epoch is one step: batches, dropout, mixing, statistics."""

    def plan(settings, backbone, data):
        rates = {"top": 1e-12, HEAD: 1e-12}
        yield Phase(name="x", epochs=3, rates=rates, batch_norm="learning", augmentation="light")

    job = small_job(images, "planned", batch_size=18, dropout=0.5, mixup=0.5)
    losses = _first_losses(job, with_plan(plan), 3)
    epochs = of_kind(run_job(job, with_plan(plan), tmp_path / "run"), EpochDone)
    trained = [epoch.train_loss for epoch in epochs]
    assert losses == pytest.approx(trained, rel=1e-3)
    assert len({round(loss, 2) for loss in trained}) == 3


def test_what_is_suggested_for_a_later_phase_leaves_those_before_it(images, registry):
    settings = {"head_epochs": 5, "first_rate": 0.1}
    _, found = _find(small_job(images, "top-stages", settings), registry, phase=2)
    assert found.settings.keys() == {"rate", "head_rate"}


def test_a_later_phase_is_tried_after_those_before_it_were_trained(images, registry, scratch):
    job = small_job(images, "head-then-all", {"head_epochs": 30, "head_rate": 0.1})
    _, first = _find(job, registry)
    _, second = _find(job, registry, phase=2)
    assert first.rates.keys() == {HEAD}
    assert len(second.rates) > 1
    assert second.curve.smooth[0] < 0.8 * first.curve.smooth[0]
    assert list(first.settings) != list(second.settings)
    assert list(scratch.glob("graftwork-*")) == []


def test_closing_it_leaves_nothing_behind(images, registry, scratch):
    stream = find_rate(small_job(images), registry=registry, weights=None)
    while not isinstance(next(stream), RatePoint):
        pass
    assert list(scratch.glob("graftwork-*")) != []
    stream.close()
    assert list(scratch.glob("graftwork-*")) == []


def test_a_strategy_without_gradients_is_told_so(images, with_plan):
    def plan(settings, backbone, data):
        yield SolvedHead(name="Solve")

    with pytest.raises(TrainingError, match="no phase that learns by gradients"):
        _find(small_job(images, "planned"), with_plan(plan))


def test_a_phase_that_is_not_there_is_told(images, registry):
    with pytest.raises(TrainingError, match="no phase 7"):
        _find(small_job(images, settings={"epochs": 1}), registry, phase=7)


def test_rates_that_no_setting_says_are_still_found(images, with_plan):
    def plan(settings, backbone, data):
        yield Phase(name="Fixed", epochs=1, rates={HEAD: 0.001})

    _, found = _find(small_job(images, "planned"), with_plan(plan))
    assert found.curve.suggested is not None
    assert found.settings == {}
    assert "times what they are" in found.advice


@pytest.mark.parametrize(
    ("strategy", "phase", "following"),
    [
        ("feature-extraction", None, None),
        ("top-stages", None, 2),
        ("top-stages", 2, None),
        ("surgical", None, 3),
    ],
)
def test_the_next_phase_that_has_rates_is_named(strategy, phase, following, images, registry):
    short = {} if strategy == "feature-extraction" else {"head_epochs": 1, "epochs": 1}
    _, found = _find(small_job(images, strategy, short, augmentation="none"), registry, phase)
    assert found.next_phase == following


def test_a_plan_that_fails_later_does_not_cost_the_rate(images, with_plan):
    def plan(settings, backbone, data):
        yield Phase(name="first", epochs=1, rates={HEAD: 0.05}, augmentation="none")
        raise ValueError("no more")

    _, found = _find(small_job(images, "planned"), with_plan(plan))
    assert found.curve.points
    assert found.next_phase is None
