from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from graftwork.engine.learning.phase_problems import phase_problems
from graftwork.plugin_api import (
    EMA,
    EWC,
    HEAD,
    L2SP,
    SWA,
    LowRank,
    MeasuredStages,
    Phase,
    PrototypeHead,
    SolvedHead,
    WiSE,
)
from support.classifiers import tiny_classifier

GOOD = Phase(name="p", epochs=1, rates={"top": 0.1, HEAD: 0.1})


def _problems(phase):
    return "; ".join(phase_problems(phase, tiny_classifier().named_stages()))


@pytest.mark.parametrize(
    "phase",
    [
        GOOD,
        replace(GOOD, learning=LowRank(rank=2), averaging=EMA(), penalty=L2SP(strength=0)),
        replace(GOOD, learning="norms-and-biases", averaging=SWA(start=0), penalty=EWC()),
        replace(GOOD, reinitialize=("top", HEAD), averaging=WiSE(parts=(0, 1)), patience=1),
        replace(GOOD, schedules={"top": "constant"}, warmup=1),
        Phase(name="p", epochs=1, rates={HEAD: 1}, learning=LowRank(rank=10_000)),
        SolvedHead(name="s"),
        PrototypeHead(name="p"),
        MeasuredStages(name="m"),
    ],
)
def test_what_makes_sense_has_no_problems(phase):
    assert _problems(phase) == ""


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"rates": {"topp": 0.1}}, "no stage 'topp' .did you mean top"),
        ({"rates": {"zzz": 0.1}}, "it has stem, middle, top, pool, head"),
        ({"schedules": {"middel": "cosine"}}, "did you mean middle"),
        ({"reinitialize": ("tip",)}, "no stage 'tip'"),
        ({"reinitialize": ("stem",)}, "stem would begin with random weights and never learn"),
        ({"rates": {}}, "nothing learn"),
        ({"rates": {"pool": 0.1}}, "nothing learn"),
        ({"rates": {"top": 0.1}, "learning": LowRank(rank=500)}, "nothing learn"),
        ({"rates": {"top": math.nan}}, "rate of top must be a number above 0, not nan"),
        ({"rates": {"top": math.inf}}, "rate of top"),
        ({"rates": {"top": -0.1}}, "rate of top"),
        ({"rates": {"top": 0}}, "rate of top"),
        ({"rates": {"top": "fast"}}, "rates cannot be .*must be a number"),
        ({"rates": ["top"]}, "rates cannot be"),
        ({"epochs": 0}, "at least one epoch, not 0"),
        ({"epochs": 2.5}, "epochs cannot be 2.5"),
        ({"warmup": 1.5}, "warmup"),
        ({"warmup": math.nan}, "warmup"),
        ({"patience": 0}, "patience"),
        ({"schedule": "cosin"}, "schedule cannot be 'cosin'.*'cosine'"),
        ({"batch_norm": None}, "batch_norm cannot be None"),
        ({"learning": "heads"}, "learning cannot be 'heads'"),
        ({"learning": LowRank(rank=0)}, "rank of at least 1"),
        ({"learning": LowRank(alpha=math.inf)}, "alpha above 0"),
        ({"learning": LowRank(rank=1.5)}, "rank cannot be 1.5"),
        ({"penalty": L2SP(strength=-1)}, "strengths"),
        ({"penalty": L2SP(head_strength=math.nan)}, "strengths"),
        ({"penalty": EWC(images=0)}, "at least one image"),
        ({"penalty": "l2-sp"}, "penalty cannot be 'l2-sp'"),
        ({"averaging": EMA(decay=1.0)}, "decay"),
        ({"averaging": SWA(start=1.0)}, "starts at"),
        ({"averaging": WiSE(parts=())}, "parts"),
        ({"averaging": WiSE(parts=(0.5, math.nan))}, "parts"),
        ({"averaging": WiSE(parts=(1.1,))}, "parts"),
    ],
)
def test_nonsense_is_named(fields, said):
    assert re.search(said, _problems(replace(GOOD, **fields)))


def test_all_wrong_values_are_named_at_once():
    said = _problems(replace(GOOD, epochs=0, warmup=2, patience=-1))
    assert all(word in said for word in ("epoch", "warmup", "patience"))


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (SolvedHead(name="s", strengths=()), "strengths"),
        (SolvedHead(name="s", strengths=(0.1, -1.0)), "strengths"),
        (MeasuredStages(name="m", images=0), "images"),
        ("head", "not a phase"),
        (None, "not a phase"),
    ],
)
def test_other_kinds_are_checked_too(phase, said):
    assert said in _problems(phase)
