from __future__ import annotations

import pytest
from pydantic import ValidationError

from graftwork.engine.learning.choices import with_user_choices
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import EMA, EWC, HEAD, L2SP, SWA, Phase, WiSE


def _phase(**fields):
    return Phase(name="p", epochs=1, rates={HEAD: 0.1}, **fields)


def _after(phase, **settings):
    return with_user_choices(phase, TrainingSettings(**settings))


def test_without_a_choice_the_strategy_has_its_way():
    phase = _phase(
        schedule="plateau",
        schedules={HEAD: "constant"},
        penalty=L2SP(strength=0.5),
        averaging=SWA(),
        batch_norm="adapting",
    )
    assert _after(phase) == phase
    assert _after(_phase()) == _phase()


def test_a_schedule_holds_for_all_stages():
    chosen = _after(_phase(schedules={HEAD: "constant"}), schedule="one-cycle")
    assert (chosen.schedule, chosen.schedules) == ("one-cycle", {})


def test_stages_have_schedules_of_their_own():
    phase = Phase(name="p", epochs=1, rates={HEAD: 0.1, "top": 0.1}, schedules={"top": "plateau"})
    chosen = _after(phase, stage_schedules="head=one-cycle, stem = constant")
    assert chosen.schedules == {"top": "plateau", HEAD: "one-cycle"}
    chosen = _after(phase, schedule="constant", stage_schedules="top=cosine")
    assert (chosen.schedule, chosen.schedules) == ("constant", {"top": "cosine"})


@pytest.mark.parametrize(
    "text", ["head", "head=fast", "=cosine", "head:cosine", "head=cosine top="]
)
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(ValidationError, match="write stage=constant or cosine"):
        TrainingSettings(stage_schedules=text)


@pytest.mark.parametrize("warmup", [0.0, 0.3])
def test_warmup(warmup):
    assert _after(_phase(warmup=0.1), warmup=warmup).warmup == warmup
    assert _after(_phase(warmup=0.1)).warmup == 0.1


@pytest.mark.parametrize("batch_norm", ["frozen", "learning", "adapting", "re-estimated"])
def test_batch_norm(batch_norm):
    assert _after(_phase(), batch_norm=batch_norm).batch_norm == batch_norm


@pytest.mark.parametrize(
    ("own", "settings", "penalty"),
    [
        (None, {"penalty": "l2-sp"}, L2SP()),
        (None, {"penalty": "ewc"}, EWC()),
        (None, {"penalty": "ewc", "penalty_strength": 7.0}, EWC(strength=7.0)),
        (EWC(), {"penalty": "l2-sp", "penalty_strength": 0.2}, L2SP(strength=0.2)),
        (EWC(images=9), {"penalty": "ewc"}, EWC(images=9)),
        (EWC(images=9), {"penalty_strength": 3.0}, EWC(strength=3.0, images=9)),
        (None, {"penalty_strength": 3.0}, None),
        (L2SP(), {"penalty": "none"}, None),
        (L2SP(), {"penalty": "none", "penalty_strength": 3.0}, None),
    ],
)
def test_penalty(own, settings, penalty):
    assert _after(_phase(penalty=own), **settings).penalty == penalty


@pytest.mark.parametrize(
    ("own", "choice", "averaging"),
    [
        (None, "ema", EMA()),
        (None, "swa", SWA()),
        (None, "wise", WiSE()),
        (EMA(decay=0.5), "ema", EMA(decay=0.5)),
        (EMA(decay=0.5), "swa", SWA()),
        (WiSE(), "none", None),
        (WiSE(parts=(0.5,)), "auto", WiSE(parts=(0.5,))),
    ],
)
def test_averaging(own, choice, averaging):
    assert _after(_phase(averaging=own), averaging=choice).averaging == averaging
