"""A plan is an ordinary generator: it is tested by sending it reports."""

from __future__ import annotations

from contextlib import suppress

import pytest
from graftwork_chain_thaw import ChainThawSettings, plan
from pydantic import ValidationError

from graftwork.plugin_api import (
    HEAD,
    BackboneOutline,
    DataOutline,
    Phase,
    PhaseReport,
    StageOutline,
)

BACKBONE = BackboneOutline(
    stages=(
        StageOutline(name="stem", parameters=100),
        StageOutline(name="body", parameters=1_000),
        StageOutline(name="pool", parameters=0),
    ),
    features=16,
)
DATA = DataOutline(training_images={"cat": 30, "dog": 40}, validation_images=15, test_images=15)


def report_of(phase: Phase) -> PhaseReport:
    return PhaseReport(
        phase=phase,
        epochs_run=phase.epochs,
        best_epoch=1,
        best_score=-0.2,
        best_loss=0.3,
        best_accuracy=0.9,
        improved=True,
    )


def phases_of(settings: ChainThawSettings) -> list[Phase]:
    generator = plan(settings, BACKBONE, DATA)
    phases = [next(generator)]
    with suppress(StopIteration):
        while True:
            phases.append(generator.send(report_of(phases[-1])))
    return phases


def test_each_stage_learns_alone_between_the_head_and_everything() -> None:
    learning = [list(phase.rates) for phase in phases_of(ChainThawSettings())]
    assert learning == [[HEAD], ["stem"], ["body"], ["stem", "body", HEAD]]


def test_settings_reach_the_phases() -> None:
    head, *others = phases_of(ChainThawSettings(head_epochs=7, epochs=3, rate=0.01))
    assert (head.epochs, head.rates[HEAD]) == (7, 0.003)
    assert {phase.epochs for phase in others} == {3}
    assert {rate for phase in others for rate in phase.rates.values()} == {0.01}


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"rate": 0}, {"speed": 3}])
def test_wrong_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ChainThawSettings(**wrong)
