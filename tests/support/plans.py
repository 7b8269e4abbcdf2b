"""The built-in strategies' plans on a small outline, sent reports as the engine would send them."""

from __future__ import annotations

import pytest

from graftwork.plugin_api import (
    AnyPhase,
    BackboneOutline,
    DataOutline,
    MeasuredStages,
    PhaseReport,
    StageOutline,
)
from graftwork_strategies import register_strategies

BACKBONE = BackboneOutline(
    stages=(
        StageOutline(name="stem", parameters=10),
        StageOutline(name="middle", parameters=20),
        StageOutline(name="top", parameters=30),
        StageOutline(name="pool", parameters=0),
    ),
    features=16,
)
DATA = DataOutline(training_images={"a": 8, "b": 4}, validation_images=4, test_images=4)
MEASURES = {"stem": 0.2, "middle": 0.7, "top": 0.3}
STRATEGIES = {strategy.name: strategy for strategy in register_strategies()}


def phases_of(name: str, improved: tuple[bool, ...] = (True,) * 9, **settings) -> list[AnyPhase]:
    """All phases of a plan; ``improved`` says of each in turn whether it brought a gain."""
    strategy = STRATEGIES[name]
    plan = strategy.plan(strategy.settings(**settings), BACKBONE, DATA)
    phases = [next(plan)]
    try:
        for helped in improved:
            phases.append(plan.send(_report(phases[-1], improved=helped)))
    except StopIteration:
        return phases
    pytest.fail("the plan does not end")


def _report(phase: AnyPhase, *, improved: bool) -> PhaseReport:
    return PhaseReport(
        phase=phase, epochs_run=1, best_epoch=1, best_score=0.5, best_loss=1.0,
        best_accuracy=0.5, improved=improved,
        measures=MEASURES if isinstance(phase, MeasuredStages) else {},
    )  # fmt: skip
