"""What each built-in strategy makes of its settings, phase by phase, and what it advises.

In PLANS no two settings of a strategy are alike, so that none can take another's place unseen.
"""

from __future__ import annotations

from operator import attrgetter

import pytest

from graftwork.plugin_api import HEAD, MeasuredStages, Phase, PrototypeHead, SolvedHead, WiSE
from support.plans import STRATEGIES, phases_of


def alike(rate, *stages):
    return dict.fromkeys((*stages, HEAD), rate)


ONCE = {"epochs": 7, "rate": 0.02, "patience": 4}
TWICE = {**ONCE, "head_epochs": 8, "head_rate": 0.03}
CHOSEN = {**TWICE, "first_rate": 0.05}
ALL = alike(0.02, "stem", "middle", "top")
UPPER = alike(0.03, "middle", "top")
FALLING = {"stem": 0.1, "middle": 0.2, "top": 0.4, HEAD: 0.02}
SLOWING = {"middle": 0.02, "top": 0.01, HEAD: 0.005}

ROW = attrgetter(
    "name", "epochs", "patience", "warmup", "batch_norm", "augmentation", "rates", "averaging"
)
HEAD_FIRST = ("Head", 8, 15, 0.0, "frozen", "none", {HEAD: 0.03}, None)
PLANS = {
    "feature-extraction": (
        ONCE,
        ("Head", 7, 4, 0.0, "frozen", None, {HEAD: 0.02}, None),
    ),
    "logistic-regression": (
        {"strength": 0.2, "refit": False},
        SolvedHead(name="Head", strengths=(0.2,), refit=False),
    ),
    "prototypes": (
        {"epochs": 7, "rate": 0.02},
        PrototypeHead(name="Prototypes"),
        ("Head", 7, None, 0.0, "frozen", "none", {HEAD: 0.02}, None),
    ),
    "top-stages": (
        {**CHOSEN, "stages": 1},
        ("Head", 8, 10, 0.0, "frozen", "none", {HEAD: 0.05}, None),
        ("top and above", 7, 4, 0.1, "frozen", None, {"top": 0.02, HEAD: 0.03}, None),
    ),
    "named-stages": (
        {**CHOSEN, "stages": "middle"},
        ("Head", 8, 10, 0.0, "frozen", "none", {HEAD: 0.05}, None),
        ("middle", 7, 4, 0.1, "frozen", None, {"middle": 0.02, HEAD: 0.03}, None),
    ),
    "surgical": (
        {**TWICE, "stages": 1, "images": 99},
        HEAD_FIRST,
        MeasuredStages(name="Measure stages", images=99),
        ("middle, head", 7, 4, 0.1, "frozen", None, alike(0.02, "middle"), None),
    ),
    "norms-and-biases": (
        TWICE,
        HEAD_FIRST,
        ("Norms and biases", 7, 4, 0.1, "frozen", None, ALL, None),
    ),
    "low-rank": (
        {**TWICE, "rank": 3, "alpha": 5.0},
        HEAD_FIRST,
        ("Low-rank additions", 7, 4, 0.1, "frozen", None, ALL, None),
    ),
    "head-then-all": (
        {**TWICE, "mix": True},
        HEAD_FIRST,
        ("All stages", 7, 4, 0.1, "frozen", None, ALL, WiSE()),
    ),
    "full-fine-tuning": (
        {**ONCE, "backbone_rate": 0.4, "gamma": 0.5},
        ("All stages", 7, 4, 0.1, "frozen", None, FALLING, None),
    ),
    "progressive-unfreezing": (
        {**TWICE, "pace": "benefit", "decay": 0.5, "tolerance": 2},
        HEAD_FIRST,
        ("top and above", 7, 4, 0.1, "frozen", None, {"top": 0.02, HEAD: 0.01}, None),
        ("middle and above", 7, 4, 0.1, "frozen", None, SLOWING, None),
    ),
    "partial-reinitialization": (
        {**ONCE, "stages": 2, "new_epochs": 8, "new_rate": 0.03},
        ("New from middle upwards", 8, 4, 0.1, "learning", None, UPPER, None),
        ("All stages", 7, 4, 0.1, "frozen", None, ALL, None),
    ),
    "from-scratch": (
        ONCE,
        ("All stages", 7, 4, 0.1, "learning", None, ALL, None),
    ),
}
HEAD_DEFAULTS = {"head_epochs": 60, "head_rate": 0.003}
DEFAULTS = {
    "feature-extraction": {"epochs": 60, "rate": 0.005, "patience": None},
    "logistic-regression": {"strength": None, "refit": True},
    "prototypes": {"epochs": None, "rate": 0.001},
    "top-stages": {
        "stages": 2, "epochs": 15, "rate": 0.001, "head_rate": 0.001, "patience": 5,
        "head_epochs": 30, "first_rate": 0.001,
    },
    "named-stages": {
        "stages": "", "epochs": 15, "rate": 0.0003, "head_rate": 0.001, "patience": 5,
        "head_epochs": 30, "first_rate": 0.001,
    },
    "surgical": {
        **HEAD_DEFAULTS, "epochs": 15, "rate": 0.001, "patience": 5, "stages": 2, "images": 512,
    },
    "norms-and-biases": {**HEAD_DEFAULTS, "epochs": 12, "rate": 0.001, "patience": 5},
    "low-rank": {
        **HEAD_DEFAULTS, "epochs": 12, "rate": 0.001, "patience": 5, "rank": 8, "alpha": 16.0,
    },
    "head-then-all": {
        **HEAD_DEFAULTS, "epochs": 12, "rate": 0.0001, "patience": 5, "mix": False,
    },
    "full-fine-tuning": {
        "epochs": 15, "rate": 0.001, "patience": 6, "backbone_rate": None, "gamma": 0.8,
    },
    "progressive-unfreezing": {
        **HEAD_DEFAULTS, "epochs": 5, "rate": 0.0003, "patience": 3,
        "pace": "benefit", "decay": 0.7, "tolerance": 1,
    },
    "partial-reinitialization": {
        "stages": 1, "new_epochs": 30, "new_rate": 0.001,
        "epochs": 12, "rate": 0.0001, "patience": 8,
    },
    "from-scratch": {"epochs": 60, "rate": 0.001, "patience": 15},
}  # fmt: skip
# augmentation, whether weights are pretrained, head
USUAL = ("light", True, None)
ADVICE = {
    "feature-extraction": ("none", True, None),
    "logistic-regression": ("none", True, "linear"),
    "prototypes": ("none", True, "cosine"),
    "top-stages": USUAL,
    "named-stages": USUAL,
    "surgical": USUAL,
    "norms-and-biases": USUAL,
    "low-rank": USUAL,
    "head-then-all": USUAL,
    "full-fine-tuning": USUAL,
    "progressive-unfreezing": USUAL,
    "partial-reinitialization": USUAL,
    "from-scratch": ("strong", False, None),
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_setting_goes_to_its_own_place_in_the_plan(name):
    """The head brings a gain, what follows none, which only progressive unfreezing looks at."""
    settings, *expected = PLANS[name]
    phases = phases_of(name, (True, False, False, False), **settings)
    rows = [ROW(phase) if isinstance(phase, Phase) else phase for phase in phases]
    assert rows == expected


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_setting_has_its_default(name):
    assert STRATEGIES[name].settings().model_dump() == DEFAULTS[name]


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_advises_augmentation_weights_and_a_head(name):
    strategy = STRATEGIES[name]
    assert (strategy.augmentation, strategy.pretrained, strategy.head) == ADVICE[name]


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_tables_cover_every_setting(name):
    assert set(PLANS[name][0]) == set(STRATEGIES[name].settings.model_fields)
